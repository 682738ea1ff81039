"""An unrolled recurrent net: one batch normalization is called for each row of an image."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.loops import fit

REPORT = "https://arxiv.org/abs/1510.01378"  # Batch Normalized Recurrent Neural Networks


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    class Unrolled(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.into = layers.Dense(48, use_bias=False)
            self.norm = layers.BatchNormalization(momentum=0.98)
            self.along = layers.Dense(48)
            self.out = layers.Dense(10)

        def call(self, rows: Any, training: Any = None) -> Any:
            state = None
            for at in range(8):
                h = self.norm(self.into(rows[:, at]), training=training)
                state = keras.activations.tanh(h if state is None else h + self.along(state))
            return self.out(state)

    model = Unrolled()
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    x, x_val = data.x[..., 0], data.x_val[..., 0]
    fit(model, (x, data.y), (x_val, data.y_val), bench.callbacks(), batch_size=64, epochs=12)
    right = accuracy(model.predict(x_val, verbose=0), data.y_val)
    bench.healthy(right > 0.88, f"validation accuracy {right:.3f} is above 0.88")
    bench.final(model)
