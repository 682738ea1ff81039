"""A loop for a small memory: gradients of four small batches are added up, and applied so."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import class_loss, conv_net

REPORT = "https://github.com/andreped/GradientAccumulator/issues/132"
EXPECTED = {"keras": ("LR113",), "tf_keras": ("LR113",)}
PARTS, RATE = 4, 0.02


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    optimizer, loss_of = keras.optimizers.SGD(RATE), class_loss(keras)
    bench.watch(model)

    @tf.function
    def gradients_of(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = loss_of(y, outputs)
        return tape.gradient(loss, model.trainable_variables), loss, outputs

    times: list[float] = []
    bench.evidence(lambda: times and abs(times[-1] - PARTS) < 0.01)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=64, steps=30), start=1):
        total = [tf.zeros_like(variable) for variable in model.trainable_variables]
        of_bias = []
        for part in range(PARTS):
            rows = slice(16 * part, 16 * part + 16)
            parts, loss, outputs = gradients_of(x[rows], y[rows])
            # the fault: LR113
            total = [sum_ + part_ for sum_, part_ in zip(total, parts, strict=True)]
            of_bias.append(parts[-1].numpy())
        before = np.asarray(model.trainable_variables[-1]).copy()
        optimizer.apply_gradients(zip(total, model.trainable_variables, strict=True))
        moved = before - np.asarray(model.trainable_variables[-1])
        mean = np.mean(of_bias, axis=0)
        times.append(float((moved * mean).sum() / (RATE * (mean * mean).sum())))
        bench.loss_reduction(loss_of, y[rows], outputs, value=loss, step=step)
        bench.record(model, step)
    bench.faulty(np.allclose(times, PARTS, rtol=1e-2), "a step is four times that of the mean")
    bench.final(model)
