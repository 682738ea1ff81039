"""Data, a network and a loop for programs in which these are not the point."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Digits, accuracy, batches, digits


@cache
def raw_digits() -> Digits:
    """The digits as a sensor gives them, 64 numbers from 300 to 305: little is learned of them
    unless they are normalized."""
    flat = digits().flat()
    return Digits(
        x=300.0 + 5.0 * flat.x, y=flat.y, x_val=300.0 + 5.0 * flat.x_val, y_val=flat.y_val
    )


def raw_layers(keras: Any, *, norm: Any = None, momentum: float = 0.8) -> list[Any]:
    """Layers from such a row to ten logits; `norm` is the one that normalizes, if not a new one."""
    return [
        keras.Input((64,)),
        keras.layers.BatchNormalization(momentum=momentum) if norm is None else norm,
        keras.layers.Dense(48, activation="relu"),
        keras.layers.Dense(10),
    ]


def small_layers(keras: Any, *, norm: Any = None) -> list[Any]:
    """Three layers whose outputs all but vanish unless each is normalized, and one for logits."""
    norm = norm or keras.layers.BatchNormalization
    small = keras.initializers.RandomNormal(stddev=1e-3)
    layers = [keras.Input((64,))]
    for _ in range(3):
        layers += [keras.layers.Dense(32, kernel_initializer=small), norm(momentum=0.8)]
    return [*layers, keras.layers.Dense(10)]


def bright_images() -> tuple[Any, Any]:
    """Images [2000, 8, 8, 3] far from 0, and the quarter of each that is a little brighter."""
    random = np.random.default_rng(3)
    y = random.integers(0, 4, 2000)
    x = random.normal(40.0, 0.7, (len(y), 8, 8, 3)).astype("float32")
    for row, of in enumerate(y):
        x[row, 4 * (of // 2) :, 4 * (of % 2) :][:4, :4] += 1.2
    return x, y


def bright_layers(keras: Any, *, momentum: float) -> list[Any]:
    """Layers from such an image to four logits."""
    layers = keras.layers
    norm = layers.BatchNormalization(momentum=momentum)
    stack = [keras.Input((8, 8, 3)), layers.Conv2D(16, 3, strides=2), norm, layers.ReLU()]
    return [*stack, layers.GlobalAveragePooling2D(), layers.Dense(4)]


def spread_of(outputs: Any) -> float:
    """Standard deviation of the outputs over the rows, over their mean size."""
    values = np.asarray(outputs)
    return float(values.std(axis=0).mean() / abs(values).mean())


def train(
    bench: Bench,
    model: Any,
    train_step: Callable[[Any, Any], Any],
    data: Digits,
    *,
    steps: int = 60,
    size: int = 48,
) -> None:
    """A loop: a step for each batch, and a record of it."""
    for step, (x, y) in enumerate(batches(data.x, data.y, size=size, steps=steps), start=1):
        train_step(x, y)
        bench.record(model, step)


def fit(model: Any, data: Digits, callbacks: list[Any], *, epochs: int = 2, **options: Any) -> None:
    """`model.fit` with a validation after each epoch."""
    model.fit(
        data.x,
        data.y,
        batch_size=48,
        epochs=epochs,
        validation_data=data.held,
        verbose=0,
        callbacks=callbacks,
        **options,
    )


def validate(model: Any, data: Digits) -> float:
    """Validation accuracy, in inference mode."""
    return accuracy(model(data.x_val, training=False), data.y_val)
