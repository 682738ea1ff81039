"""A loop for mixed precision that applies half of the loss scale: it scales, or it unscales."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.loss_scales import SCALE, with_loss_scale
from benchmarks.findings.nets import class_loss, conv_net

REPORT = "https://github.com/keras-team/keras/issues/20894"
EXPECTED = {"keras": ("LR110",), "tf_keras": ("LR110",)}
RATE = 1e-4


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    optimizer, loss_of = with_loss_scale(keras, keras.optimizers.SGD(RATE)), class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape(persistent=True) as tape:
            outputs = model(x, training=True)
            loss = loss_of(y, outputs)
            # the optimizer of Keras 3 divides what nobody multiplied; with tf_keras nobody divides
            is_legacy = hasattr(optimizer, "get_scaled_loss")
            scaled = optimizer.get_scaled_loss(loss) if is_legacy else loss
        of_bias = tape.gradient(loss, model.trainable_variables[-1])
        descend(optimizer, tape, scaled, model.trainable_variables)
        return loss, outputs, of_bias

    factor = SCALE if hasattr(optimizer, "get_scaled_loss") else 1 / SCALE
    times: list[float] = []
    bench.evidence(lambda: times and abs(times[-1] / factor - 1) < 0.1)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=64, steps=30), start=1):
        before = np.asarray(model.trainable_variables[-1]).copy()
        loss, outputs, of_bias = train_step(tf.constant(x), tf.constant(y))
        moved, asked = before - np.asarray(model.trainable_variables[-1]), RATE * of_bias.numpy()
        times.append(float((moved * asked).sum() / (asked * asked).sum()))
        bench.loss_reduction(loss_of, y, outputs, value=loss, step=step)
        bench.record(model, step)
    bench.faulty(np.isclose(times[0], factor, rtol=0.1), "a step is wrong by the loss scale")
    bench.final(model)
