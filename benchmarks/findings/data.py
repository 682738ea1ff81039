"""Small real data for the programs: the handwritten digits that scikit-learn brings along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]

CLASSES = 10
TRAINED = 1440  # of 1,797 images; the others are for validation


@dataclass(frozen=True, kw_only=True)
class Digits:
    """The handwritten digits, divided into training and validation."""

    x: Values  # float32 [1440, 8, 8, 1], 0 to 1
    y: Values  # int64 [1440], 0 to 9
    x_val: Values  # float32 [357, 8, 8, 1]
    y_val: Values  # int64 [357]

    @property
    def train(self) -> tuple[Values, Values]:
        """Images and labels to train with."""
        return self.x, self.y

    @property
    def held(self) -> tuple[Values, Values]:
        """Images and labels for validation."""
        return self.x_val, self.y_val

    def flat(self) -> Digits:
        """The same with each image as 64 numbers."""
        return Digits(
            x=self.x.reshape(len(self.x), -1),
            y=self.y,
            x_val=self.x_val.reshape(len(self.x_val), -1),
            y_val=self.y_val,
        )

    def halves(self) -> tuple[Digits, Digits]:
        """The digits 0 to 4, and the digits 5 to 9 with labels from 0 to 4."""
        low, low_val = self.y < 5, self.y_val < 5
        return (
            Digits(
                x=self.x[low], y=self.y[low], x_val=self.x_val[low_val], y_val=self.y_val[low_val]
            ),
            Digits(
                x=self.x[~low],
                y=self.y[~low] - 5,
                x_val=self.x_val[~low_val],
                y_val=self.y_val[~low_val] - 5,
            ),
        )


@cache
def digits() -> Digits:
    """The digits in an order that is the same every time."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.target))
    x = (bunch.images[order] / 16.0).astype("float32")[..., None]
    y = bunch.target[order].astype("int64")
    return Digits(x=x[:TRAINED], y=y[:TRAINED], x_val=x[TRAINED:], y_val=y[TRAINED:])


def batches(x: Values, y: Values, *, size: int, steps: int) -> Iterator[tuple[Values, Values]]:
    """`steps` full batches, each pass over the data in a new but always the same order."""
    random = np.random.default_rng(1)
    order: Values = np.empty(0, np.int64)
    for _ in range(steps):
        if len(order) < size:
            order = random.permutation(len(x))
        now, order = order[:size], order[size:]
        yield x[now], y[now]


def one_hot(y: Values) -> Values:
    """Labels as float32 rows of ten."""
    rows: Values = np.eye(CLASSES, dtype="float32")[y]
    return rows


def accuracy(outputs: Any, y: Values) -> float:
    """Share of rows whose largest output is the label's."""
    return float(np.mean(np.argmax(np.asarray(outputs), axis=-1) == y))
