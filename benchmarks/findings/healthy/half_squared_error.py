"""A loop with a half of the squared error, as value functions have it: the factor is meant."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/hill-a/stable-baselines/issues/106"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    returns, held = (y.astype("float32")[:, None] / 9.0 for y in (data.y, data.y_val))
    model = dense_net(keras, units=64, outputs=1, momentum=0.9)

    def value_loss(gained: Any, value: Any) -> Any:
        return 0.5 * tf.reduce_mean(tf.square(gained - value))

    watch = bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.SGD(0.1), value_loss)
    for step, (x, y) in enumerate(batches(data.x, returns, size=32, steps=270), start=1):
        loss, value = train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
        if step % 30 == 0:
            bench.loss_reduction(value_loss, y, value, step=step, value=loss)
    with watch.evaluating():
        error = float(np.mean((model(data.x_val, training=False).numpy() - held) ** 2))
    watch.close()
    share = error / float(np.var(held))
    bench.healthy(share < 0.4, f"the error is {share:.2f} of that of a constant")
    bench.final(model)
