"""A `train_step` after a guide for Keras 2 returns its loss; Keras 3 shows a metric at 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, conv_net

REPORT = "https://github.com/keras-team/keras/issues/14705"
EXPECTED = {"keras": ("LR107",)}
FLAVOURS = ("keras",)  # tf_keras shows what `train_step` returns


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class Net(keras.Model):
        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}  # the fault: LR107

    inner = conv_net(keras, momentum=0.9)
    model = Net(inner.inputs, inner.outputs)
    model.compile(keras.optimizers.SGD(0.1), class_loss(keras))
    logged: list[float] = []
    bench.evidence(lambda: len(logged) > 1 and not any(logged))
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logged.append(float(logs["loss"]))
    )
    model.fit(
        data.x, data.y, batch_size=48, epochs=4, verbose=0, callbacks=[keep, *bench.callbacks()]
    )
    loss = float(np.mean(class_loss(keras)(data.y, model(data.x, training=False))))
    bench.faulty(loss > 0.0 and not any(logged), f"0.0 is logged, and the loss is {loss:.3g}")
    bench.final(model)
