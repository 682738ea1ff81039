"""Labels (16,) against predictions (16, 1): every label is compared with every prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/28901"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    targets = data.y.astype("float32")
    model = dense_net(keras, units=32, outputs=1, momentum=0.9)
    optimizer = keras.optimizers.Adam(1e-2)
    bench.watch(model)

    def squared_error(y: Any, predicted: Any) -> Any:
        return tf.reduce_mean(tf.square(y - predicted))  # the fault: LR104

    train_step = training_step_with_outputs(model, optimizer, squared_error)

    wrong: list[bool] = []
    bench.evidence(lambda: wrong[-1])
    for step, (x, y) in enumerate(batches(data.x, targets, size=16, steps=120), start=1):
        loss, predicted = train_step(x, y)
        true = float(np.mean((y - predicted.numpy()[:, 0]) ** 2))
        wrong.append(abs(float(loss) - true) > 0.1)
        if step % 10 == 1:
            bench.loss_reduction(squared_error, y, predicted, step=step, value=loss)
        bench.record(model, step)
    bench.faulty(wrong[-1], "the loss is not the mean squared error")
    outputs = model(data.x_val, training=False).numpy()[:, 0]
    error = float(np.mean((outputs - data.y_val) ** 2))
    constant = float(np.var(data.y_val))
    bench.faulty(error > 0.7 * constant, f"error {error:.1f}, of a constant {constant:.1f}")
    bench.final(model)
