"""Pairs of a step of `fit` and one of a loop, with where they part first, after public reports.

The programs are those of `benchmarks/findings` and of the seeds, cut to one step.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROWS, FEATURES, CLASSES = 32, 12, 10


@dataclass(kw_only=True)
class Pair:
    """What `twin` is called with."""

    model: Any
    step: Any
    x: Any
    y: Any
    options: dict[str, Any] = field(default_factory=dict)
    held: Any = None  # what nothing else refers to


Make = Callable[[Any], Pair]

DIVERGING: dict[str, tuple[Make, str, str]] = {}
"""By name: the pair, the stage of the first divergence, and a part of its message."""

SAME: dict[str, Make] = {}
"""By name: pairs that do the same."""


def diverging(stage: str, message: str) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        DIVERGING[make.__name__] = (make, stage, message)
        return make

    return add


def same(make: Make) -> Make:
    SAME[make.__name__] = make
    return make


def batch() -> tuple[Any, Any]:
    random = np.random.default_rng(3)
    x = random.normal(1.0, 2.0, (ROWS, FEATURES)).astype(np.float32)
    return x, random.integers(0, CLASSES, ROWS)


def one_hot(labels: Any) -> Any:
    return np.eye(CLASSES, dtype=np.float32)[labels]


def norm_net(keras: Any, *, last: str | None = None, dropout: float = 0.0, **dense: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(16, name="hidden", **dense),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            *([layers.Dropout(dropout, name="dropout")] if dropout else []),
            layers.Dense(CLASSES, activation=last, name="head"),
        ]
    )


def plain_net(keras: Any) -> Any:
    """The network of the second seed, smaller."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(CLASSES),
        ]
    )


def cross_entropy(keras: Any, **options: Any) -> Any:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, **options)


def compiled(keras: Any, model: Any, loss: Any = None, rate: float = 0.1) -> Any:
    loss = cross_entropy(keras) if loss is None else loss
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"])
    return model


def loop(
    model: Any,
    optimizer: Any,
    loss_of: Callable[[Any, Any], Any],
    *,
    training: bool | None = True,
    weights: Callable[[], Any] | None = None,
    change: Callable[[Any], Any] | None = None,
    inputs: Callable[[Any], Any] | None = None,
    traced: bool = True,
) -> Any:
    """A training step as loops have it; each option is one thing that goes wrong in some."""
    import tensorflow as tf

    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            x = x if inputs is None else inputs(x)
            outputs = model(x) if training is None else model(x, training=training)
            loss = loss_of(y, outputs)
        trained = model.trainable_variables if weights is None else weights()
        gradients = tape.gradient(loss, trained)
        gradients = gradients if change is None else change(gradients)
        optimizer.apply_gradients(zip(gradients, trained, strict=True))
        return loss

    return tf.function(train_step) if traced else train_step


def simple(
    keras: Any, loss_of: Any = None, *, net: Any = None, loss: Any = None, **options: Any
) -> Pair:
    """A compiled model with SGD, and a loop with the same optimizer."""
    x, y = batch()
    model = compiled(keras, norm_net(keras) if net is None else net, loss)
    step = loop(
        model,
        keras.optimizers.SGD(0.1),
        cross_entropy(keras) if loss_of is None else loss_of,
        **options,
    )
    return Pair(model=model, step=step, x=x, y=y)


def load() -> None:
    """Fill both registries."""
    for name in ("twin_seeds", "twin_diverging", "twin_same"):
        importlib.import_module(f"tests.support.{name}")
