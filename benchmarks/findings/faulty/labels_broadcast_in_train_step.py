"""A `train_step` compares labels (16,) with predictions (16, 1), in an error of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/14627"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    ink = data.x.sum(axis=1) / 20.0
    net = dense_net(keras, units=32, outputs=1, momentum=0.9)

    class Regression(keras.Model):
        def train_step(self, batch: Any) -> Any:
            images, target = batch
            with tf.GradientTape() as tape:
                found = self(images, training=True)
                target = tf.reshape(target, [-1])
                loss = tf.reduce_mean(tf.square(target - found))  # the fault: LR104
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss, "values": tf.size(target - found)}

    model = Regression(net.inputs, net.outputs)
    model.compile(keras.optimizers.Adam(1e-2), "mse")
    sizes: list[int] = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: sizes.append(int(logs["values"]))
    )
    bench.evidence(lambda: len(sizes) > 1 and sizes[0] == 16 * 16)
    model.fit(data.x, ink, batch_size=16, epochs=4, verbose=0, callbacks=[keep, *bench.callbacks()])
    found = model.predict(data.x_val, verbose=0)[:, 0]
    error = float(np.mean((found - data.x_val.sum(axis=1) / 20.0) ** 2))
    constant = float(np.var(data.x_val.sum(axis=1) / 20.0))
    bench.faulty(error > 0.7 * constant, f"error {error:.3f}, of a constant {constant:.3f}")
    bench.final(model)
