"""One broken image: its step is left out for the loss is not finite, but the statistics keep it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import statistics

REPORT = "https://github.com/keras-team/keras/issues/11858"
EXPECTED = {"keras": ("BN204",), "tf_keras": ("BN204",)}
FUSED = False  # normalization fused with ReLU makes 0 of NaN on some processors


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    optimizer, loss_of = keras.optimizers.Adam(1e-2), class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        finite = tf.math.is_finite(loss)
        gradients = [tf.where(finite, each, tf.zeros_like(each)) for each in gradients]
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    bench.evidence(lambda: not np.isfinite(statistics(model)).all())
    losses = []
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        broken = x.copy()
        if step == 30:
            broken[3, 4, 4] = np.nan
        losses.append(float(train_step(broken, y)))
        bench.record(model, step)
    bench.faulty(np.isfinite(losses).sum() == 59, "the loss is finite in all other steps")
    bench.faulty(not np.isfinite(statistics(model)).all(), "the statistics are NaN for ever")
    bench.final(model)
