"""What a probe costs: its time in training steps, the passes of attribution, memory."""

from __future__ import annotations

import gc
import math
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import tensorflow as tf

from benchmarks.figures import Figure, median_seconds, paired_ratio
from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.probe import attribution
from tb_bnplugin.keras.probe import run as probe

keras = tf.keras

BATCH = 32
LAYERS = 52
PROBES = 100


def run() -> Iterator[Figure]:
    """All figures of the probe, with MobileNetV2 as Keras makes it."""
    for size in (224, 96):
        yield from _time(size)
    yield from _passes()
    yield from _memory()


def _model(size: int) -> Any:
    model = keras.applications.MobileNetV2(input_shape=(size, size, 3), weights=None, classes=10)
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def _batch(size: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    return random.random((BATCH, size, size, 3), np.float32), random.integers(0, 10, BATCH)


def _time(size: int) -> Iterator[Figure]:
    """One probe against one training step of the same model, taking turns."""
    model, (x, y) = _model(size), _batch(size)

    def step() -> None:
        model.train_on_batch(x, y)

    def probed() -> None:
        probe.run(model, x, y)

    for _ in range(2):
        step()
        probed()
    rounds = 9 if size > 100 else 21
    middle, lower, upper = paired_ratio(probed, step, rounds)
    yield Figure(
        name=f"a probe of MobileNetV2 at {size}x{size} against a step",
        value=middle,
        limit=4,
        unit="steps",
        note=f"quartiles of {rounds} pairs {lower:.2f} and {upper:.2f};"
        f" a step takes {median_seconds(step, 3) * 1e3:.0f} ms",
    )


def _passes() -> Iterator[Figure]:
    """Passes of attribution, where both modes differ and any of 52 layers may be the cause."""
    model, (x, y) = _model(96), _batch(96)
    with _counted(attribution) as passes:
        result = probe.run(model, x, y, attempt=Guard("MobileNetV2").attempt)
    shares = sum("gap_share" in columns for columns in result.layers.values())
    yield Figure(
        name="passes of attribution over 52 layers",
        value=passes(),
        limit=math.log2(LAYERS) + 8,
        unit="passes",
        note=f"{shares} layers have a share",
    )


@contextmanager
def _counted(module: Any) -> Iterator[Callable[[], int]]:
    with mock.patch.object(module, "forward", side_effect=module.forward) as forward:
        yield lambda: int(forward.call_count)


def _memory() -> Iterator[Figure]:
    """Growth over 100 probes with attribution of a small model, after 20 to warm up."""
    layers = [
        layer
        for _ in range(4)
        for layer in (keras.layers.Dense(16), keras.layers.BatchNormalization())
    ]
    model = keras.Sequential([keras.Input((8,)), *layers, keras.layers.Dense(10)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    random = np.random.default_rng(0)
    x, y = random.normal(5.0, 3.0, (BATCH, 8)).astype("float32"), random.integers(0, 10, BATCH)
    attempt = Guard("model").attempt

    def probes(count: int) -> int:
        for _ in range(count):
            probe.run(model, x, y, attempt=attempt)
        gc.collect()
        return _resident_bytes()

    before = probes(20)
    began = time.perf_counter()
    grown = probes(PROBES) - before
    yield Figure(
        name=f"memory grown over {PROBES} probes",
        value=grown / 2**20,
        limit=4,
        unit="MiB",
        note=f"{(time.perf_counter() - began) / PROBES * 1e3:.0f} ms each",
    )


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()
