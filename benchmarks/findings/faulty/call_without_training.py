"""A subclassed model without `training` in `call`: Keras 3 trains it in inference mode."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/keras-team/keras-hub/issues/1500"
EXPECTED = {"keras": ("BN106",), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class Classifier(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.conv = keras.layers.Conv2D(16, 3)
            self.norm = keras.layers.BatchNormalization(momentum=0.9)
            self.flatten = keras.layers.Flatten()
            self.dense = keras.layers.Dense(10)

        def call(self, x: Any) -> Any:  # the fault: BN106
            return self.dense(self.flatten(tf.nn.relu(self.norm(self.conv(x)))))

    model = Classifier()
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras), metrics=["accuracy"])
    model(data.x[:1])
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and at_start(model))
    model.fit(data.x, data.y, epochs=4, batch_size=48, verbose=0, callbacks=bench.callbacks())
    score = model.evaluate(data.x_val, data.y_val, verbose=0)[1]
    if EXPECTED[keras.__name__]:
        bench.faulty(learns() and at_start(model), "the weights are trained, statistics stay 0, 1")
    else:
        bench.healthy(not at_start(model), "the statistics are trained")
        bench.healthy(score > 0.85, f"validation accuracy {score:.2f}")
    bench.final(model)
