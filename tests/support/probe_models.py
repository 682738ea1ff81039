"""Models that a probe must leave as they were, and how that is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.conftest import Flavour

ROWS, FEATURES, CLASSES = 16, 6, 3


def plain(keras: Any) -> Any:
    layers = [keras.layers.BatchNormalization(), keras.layers.Dense(CLASSES)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


def with_dropout_and_losses(keras: Any) -> Any:
    inputs = keras.Input((FEATURES,))
    hidden = keras.layers.Dropout(0.5)(inputs)
    hidden = keras.layers.Dense(8, activity_regularizer="l2", kernel_regularizer="l2")(hidden)
    hidden = keras.layers.BatchNormalization()(hidden)
    return keras.Model(inputs, keras.layers.Dense(CLASSES)(hidden))


def with_noise(keras: Any) -> Any:
    import tensorflow as tf

    class Noise(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs + tf.random.normal([FEATURES])

    layers = [Noise(), keras.layers.BatchNormalization(), keras.layers.Dense(CLASSES)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


def frozen(keras: Any) -> Any:
    model = plain(keras)
    model.layers[0].trainable = False
    return model


def nested_and_shared(keras: Any) -> Any:
    inner_inputs = keras.Input((FEATURES,))
    normalization = keras.layers.BatchNormalization(name="shared")
    hidden = normalization(keras.layers.Dense(FEATURES)(normalization(inner_inputs)))
    inner = keras.Model(inner_inputs, hidden, name="inner")
    inputs = keras.Input((FEATURES,))
    return keras.Model(inputs, keras.layers.Dense(CLASSES)(inner(inputs, training=False)))


def subclassed_without_training(keras: Any) -> Any:
    class Model(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [keras.layers.Dense(8), keras.layers.BatchNormalization()]
            self.head = keras.layers.Dense(CLASSES)
            self.calls = 0

        def call(self, inputs: Any) -> Any:
            self.calls += 1
            for block in self.blocks:
                inputs = block(inputs)
            return self.head(inputs)

    model = Model()
    model(np.zeros((2, FEATURES), np.float32))
    return model


def renormalized(keras: Any) -> Any:
    layers = [keras.layers.BatchNormalization(renorm=True), keras.layers.Dense(CLASSES)]
    return keras.Sequential([keras.Input((FEATURES,)), *layers])


MODELS: dict[str, Callable[[Any], Any]] = {
    function.__name__: function
    for function in (
        plain,
        with_dropout_and_losses,
        with_noise,
        frozen,
        nested_and_shared,
        subclassed_without_training,
        renormalized,
    )
}


def compiled_and_trained(flavour: Flavour, make: Callable[[Any], Any], batch: Any) -> Any:
    keras = flavour.keras
    try:
        model = make(keras)
    except (TypeError, ValueError):
        if make is renormalized:
            pytest.skip("this Keras has no renorm")
        raise
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    model.fit(*batch, batch_size=8, epochs=2, verbose=0)
    return model


def state_of(model: Any) -> list[Any]:
    """All that may change, as values: variables by name and order, and Python state."""
    optimizer = model.optimizer
    slots = optimizer.variables() if callable(optimizer.variables) else optimizer.variables
    metrics = [variable for metric in model.metrics for variable in metric.variables]
    values = [np.asarray(variable) for variable in [*model.variables, *slots, *metrics]]
    layers = list(model._flatten_layers())
    python = [sorted(vars(layer)) for layer in layers]
    flags = [(layer.trainable, layer.built, "call" in vars(layer)) for layer in layers]
    return [*values, python, flags, getattr(model, "calls", 0)]


def assert_same(before: list[Any], after: list[Any]) -> None:
    assert len(before) == len(after)
    for one, other in zip(before, after, strict=True):
        if isinstance(one, np.ndarray):
            assert one.tobytes() == other.tobytes()
        else:
            assert one == other
