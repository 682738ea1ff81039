"""A base trained on five digits stays frozen, and a new head learns the other five."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/guides/transfer_learning/"


def _base(keras: Any) -> Any:
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(24, 3, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    return keras.Model(inputs, x, name="base")


def _with_head(keras: Any, base: Any, **call: Any) -> Any:
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(base(inputs, **call))
    return keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(x))


def run(keras: Any, bench: Bench) -> None:
    first, new = digits().halves()

    base = _base(keras)
    pretrained = _with_head(keras, base)
    pretrained.compile("adam", "sparse_categorical_crossentropy")
    pretrained.fit(first.x, first.y, batch_size=32, epochs=5, verbose=0)

    base.trainable = False
    model = _with_head(keras, base, training=False)
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = fit(model, new.train, new.held, bench.callbacks(), batch_size=32, epochs=8)
    accuracy = history["val_accuracy"][-1]
    bench.healthy(accuracy > 0.9, f"validation accuracy on the new digits {accuracy:.3f}")
    bench.final(model)
