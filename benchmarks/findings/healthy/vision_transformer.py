"""A small vision transformer with layer normalization, and no batch normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/vision/image_classification_with_vision_transformer/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    def patches(x: Any) -> Any:
        cut = x.reshape(-1, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4)
        return cut.reshape(-1, 16, 4)

    class Positions(layers.Layer):  # type: ignore[name-defined]
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(
                name="table", shape=tuple(shape[1:]), initializer="random_normal"
            )
            super().build(shape)

        def call(self, inputs: Any) -> Any:
            return inputs + self.table

    inputs = keras.Input((16, 4))
    x = Positions()(layers.Dense(32)(inputs))
    for _ in range(2):
        h = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, 8, dropout=0.1)(h, h)])
        h = layers.LayerNormalization(epsilon=1e-6)(x)
        x = layers.Add()([x, layers.Dense(32)(layers.Dense(64, activation="gelu")(h))])
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(10)(x))
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    fit(
        model,
        (patches(data.x), data.y),
        (patches(data.x_val), data.y_val),
        bench.callbacks(),
        batch_size=64,
        epochs=10,
    )
    outputs = model.predict(patches(data.x_val), verbose=0)
    accuracy = float(np.mean(outputs.argmax(-1) == data.y_val))
    bench.healthy(accuracy > 0.9, f"validation accuracy {accuracy:.3f} is above 0.9")
    bench.final(model)
