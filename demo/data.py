"""The handwritten digits that scikit-learn bundles: real data that needs no network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Digits:
    """Training and validation images in [0, 1] with their labels, 0 to 9."""

    x: Floats
    y: Labels
    x_val: Floats
    y_val: Labels


def digits() -> Digits:
    """1,437 training and 360 validation images, float32 [rows, 8, 8]."""
    images, labels = load_digits(return_X_y=True)
    x, x_val, y, y_val = train_test_split(
        (images / 16.0).astype(np.float32).reshape(-1, 8, 8),
        labels.astype(np.int64),
        test_size=360,
        random_state=0,
        stratify=labels,
    )
    return Digits(x=x, y=y, x_val=x_val, y_val=y_val)


def color_digits() -> Digits:
    """The same as float32 [rows, 32, 32, 3], the smallest images MobileNetV2 takes."""
    small = digits()

    def enlarge(x: Floats) -> Floats:
        large = x.repeat(4, axis=1).repeat(4, axis=2)
        return np.stack([large] * 3, axis=-1)

    return Digits(x=enlarge(small.x), y=small.y, x_val=enlarge(small.x_val), y_val=small.y_val)
