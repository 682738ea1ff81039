"""Micro models of one Keras, on data whose batch statistics are known by heart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

MEAN: Final = 4.0
X: Final[Floats] = np.array([[2.0], [6.0], [2.0], [6.0]], np.float32)
Y: Final[Floats] = np.array([[0.0], [1.0], [0.0], [1.0]], np.float32)
MOMENTUM: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A Keras, the TensorFlow it runs on, and what is needed to try them."""

    keras: Any  # the module `keras` or `tf_keras`
    tf: Any  # the module `tensorflow`
    strategy: Any  # two replicas on one processor, or None where there is a single device

    def input(self, *shape: int | None) -> Any:
        """A symbolic input; one value a row unless told otherwise."""
        return self.keras.Input(shape or (1,))

    def bn(self, **options: Any) -> Any:
        """A batch normalization whose number of updates `updates` can tell."""
        return self.keras.layers.BatchNormalization(**{"momentum": MOMENTUM} | options)

    def head(self) -> Any:
        """A layer that learns, so that there is something to train."""
        return self.keras.layers.Dense(1)

    def functional(self, call: Any) -> Any:
        """A compiled functional model: input, what `call` makes of it, a head."""
        inputs = self.input()
        return self.compiled(self.keras.Model(inputs, self.head()(call(inputs))))

    def compiled(self, model: Any, **options: Any) -> Any:
        """The model, compiled; without XLA, which changes no answer and costs seconds."""
        model.compile(**{"optimizer": "sgd", "loss": "mse", "jit_compile": False} | options)
        return model

    def fit(self, model: Any, x: Any = X, y: Any = Y, **options: Any) -> Any:
        """One step of `fit`, on all rows, unless told otherwise."""
        options = {"batch_size": len(x), "shuffle": False, "verbose": 0} | options
        return model.fit(x, y, **options)

    def rows(self) -> Any:
        """The rows as a tensor, as a loop of one's own has them."""
        return self.tf.constant(X)

    def updates(self, bn: Any, mean: float = MEAN) -> float:
        """How often the moving mean moved, from 0, towards the mean of always the same batch."""
        moving = float(number(bn.moving_mean))
        return round(math.log(1.0 - moving / mean) / math.log(MOMENTUM), 3)


def number(variable: Any) -> Any:
    """The value of a variable with a single element, in float64."""
    return np.asarray(variable.numpy(), np.float64).reshape(-1)[0]
