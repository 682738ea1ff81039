"""`compiled_metrics` in a `train_step` for Keras 2: Keras 3 logs the mean of the predictions."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, conv_net

REPORT = "https://keras.io/guides/custom_train_step_in_tensorflow/"
EXPECTED = {"keras": ("LR107",)}
FLAVOURS = ("keras",)  # tf_keras keeps the loss in a metric of its own


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class Net(keras.Model):
        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                predictions = self(x, training=True)
                loss = self.compiled_loss(y, predictions)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            self.compiled_metrics.update_state(y, predictions)
            return {metric.name: metric.result() for metric in self.metrics}  # the fault: LR107

    inner = conv_net(keras, momentum=0.9)
    model = Net(inner.inputs, inner.outputs)
    model.compile(keras.optimizers.SGD(0.1), class_loss(keras), metrics=["accuracy"])
    logged: list[float] = []
    bench.evidence(lambda: len(logged) > 1)
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logged.append(float(logs["loss"]))
    )
    model.fit(
        data.x, data.y, batch_size=48, epochs=4, verbose=0, callbacks=[keep, *bench.callbacks()]
    )
    predicted = model(data.x, training=True)
    loss, mean = float(class_loss(keras)(data.y, predicted)), float(tf.reduce_mean(predicted))
    wrong = abs(logged[-1] - mean) < abs(logged[-1] - loss)
    bench.faulty(wrong, f"{logged[-1]:.3g} is logged, and the loss is {loss:.3g}")
    bench.final(model)
