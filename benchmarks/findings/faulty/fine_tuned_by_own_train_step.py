"""A trained base is fine-tuned by a `train_step` that leaves `training` out."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, trained_base
from benchmarks.findings.variables import changes, flat, norms, statistics

REPORT = "https://github.com/tensorflow/tensorflow/issues/25754"
EXPECTED = {"keras": ("BN102",), "tf_keras": ("BN102",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    base = trained_base(keras, data, epochs=3, momentum=0.9)

    class FineTuner(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.base = base
            self.head = keras.layers.Dense(10)

        def call(self, x: Any, training: Any = None) -> Any:
            return self.head(self.base(x, training=training))

        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                loss = class_loss(keras)(y, self(1.0 - x))  # the fault: BN102
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    model = FineTuner()
    model(data.x[:1])
    model.compile(keras.optimizers.Adam(1e-3))
    gamma_beta = changes(lambda: flat([norm.beta for norm in norms(model)]))
    moved = changes(lambda: statistics(model))
    bench.evidence(lambda: gamma_beta() and not moved())
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(gamma_beta() and not moved(), "beta learns, the statistics stand still")
    bench.final(model)
