"""`compiled_metrics` updates the metric of the loss with the predictions (Keras 3)."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.fixes.bench import FixBench

RULE = "LR107"
FLAVOURS = ("keras",)
SPANS = {"train_step": "named"}
NUMBER = "logged loss of the last epoch, over the mean of its losses"
HEALTHY = (0.9, 1.1)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    last = keras.metrics.Mean(name="differentiated")

    class Net(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            last.update_state(loss)
            if cure:
                for metric in self.metrics:
                    if metric.name == "loss":
                        metric.update_state(loss)
                    if metric.name != "loss":
                        metric.update_state(y, y_pred)
            else:
                self.compiled_metrics.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    model = Net(dense_net(keras).layers)
    model.build((None, 64))
    model.compile(keras.optimizers.SGD(0.01), class_loss(keras), metrics=["accuracy"])
    begin = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: last.reset_state())
    logged = model.fit(
        data.x, data.y, batch_size=48, epochs=3, verbose=0, callbacks=[begin, *bench.callbacks()]
    ).history["loss"]
    return float(logged[-1]) / float(last.result())
