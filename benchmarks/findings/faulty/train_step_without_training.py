"""An overridden `train_step` calls `self(x)` without `training`; several steps an execution."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import accuracy_by_mode, at_start, changes, trained

REPORT = "https://github.com/tensorflow/tensorflow/issues/36073"
EXPECTED = {"keras": ("BN101",), "tf_keras": ("BN101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class Custom(keras.Model):
        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                loss = class_loss(keras)(y, self(x))  # the fault: BN101
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(8, 3)(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    model = Custom(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(x)))
    model.compile(keras.optimizers.Adam(1e-3), steps_per_execution=5)
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and at_start(model))
    model.fit(data.x, data.y, batch_size=48, epochs=2, verbose=0, callbacks=bench.callbacks())
    moving, batch = accuracy_by_mode(model, data)
    bench.faulty(learns() and at_start(model), "the weights are trained, the statistics are not")
    bench.faulty(batch > 0.5, f"the network learned ({moving:.2f}, by batch {batch:.2f})")
    bench.final(model)
