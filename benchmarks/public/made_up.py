"""Made-up data of the right shapes: classes that differ, so that a program has what to learn."""

from __future__ import annotations

from typing import Any

import numpy as np


def images(
    rows: int, shape: tuple[int, ...], classes: int, seed: int = 0
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Images in bytes and their labels: each class a coarse pattern of its own, with noise."""
    patterns = np.random.default_rng(classes).uniform(40, 215, (classes, 4, 4, 3))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    height, width, channels = (*shape, 1)[:3]
    ys, xs = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    channel = np.arange(channels) % 3
    drawn = patterns[labels][:, ys][:, :, xs][:, :, :, channel]
    noisy = drawn + rng.normal(0, 25, (rows, height, width, channels))
    return noisy.clip(0, 255).astype("uint8").reshape(rows, *shape), labels


def series(rows: int, steps: int, channels: int = 1, classes: int = 2, seed: int = 0) -> Any:
    """Time series and their labels: each class a wave of its own."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    time = np.linspace(0, 6.28, steps)[None, :, None]
    waves = np.sin((labels[:, None, None] + 1) * time + np.arange(channels))
    return (waves + rng.normal(0, 0.3, waves.shape)).astype("float32"), labels
