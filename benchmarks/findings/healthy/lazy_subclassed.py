"""A subclassed model that is built by its first batch, with its blocks kept in a list."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/guides/making_new_layers_and_models_via_subclassing/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    class Block(layers.Layer):  # type: ignore[name-defined]
        def __init__(self, filters: int) -> None:
            super().__init__()
            self.conv = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)
            self.norm = layers.BatchNormalization(momentum=0.9)

        def call(self, x: Any, training: Any = None) -> Any:
            return keras.activations.relu(self.norm(self.conv(x), training=training))

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [Block(16), Block(32)]
            self.flatten = layers.Flatten()
            self.out = layers.Dense(10, activation="softmax")

        def call(self, x: Any, training: Any = None) -> Any:
            for block in self.blocks:
                x = block(x, training=training)
            return self.out(self.flatten(x))

    model = Net()
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=5)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
