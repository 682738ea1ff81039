"""A number to be predicted of each image, for programs whose labels are compared wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import Digits, digits


def brightness(*, scale: float = 1.0) -> Digits:
    """The digits, each labelled with how bright its left half is, which is near 0 on average."""
    flat = digits().flat()

    def label(x: Any) -> Any:
        left = x.reshape(-1, 8, 8)[:, :, :4].sum(axis=(1, 2))
        return (scale * (left - 9.0) / 3.0).astype("float32")

    return Digits(x=flat.x, y=label(flat.x), x_val=flat.x_val, y_val=label(flat.x_val))


def network(keras: Any, *, flat: bool = False) -> Any:
    """From 64 pixels to one number: (N, 1), or (N,) if it is flat."""
    layers = [keras.Input((64,)), keras.layers.Dense(32, activation="relu"), keras.layers.Dense(1)]
    return keras.Sequential([*layers, keras.layers.Reshape(())] if flat else layers)


def error_of(model: Any, data: Digits) -> float:
    """Squared error in validation, over that of the mean of the labels."""
    predicted = np.reshape(model(data.x_val, training=False), -1)
    return float(np.mean((predicted - data.y_val) ** 2) / data.y_val.var())
