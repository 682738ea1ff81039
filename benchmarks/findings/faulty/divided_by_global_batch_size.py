"""`compute_average_loss` with a global batch size of 64, while the batches hold 16 rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/48912"
EXPECTED = {"keras": ("LR101",), "tf_keras": ("LR101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, momentum=0.9)
    per_example = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
    optimizer = keras.optimizers.SGD(0.1)
    bench.watch(model)

    def compute_loss(labels: Any, predictions: Any) -> Any:
        losses = per_example(labels, predictions)
        return tf.nn.compute_average_loss(losses, global_batch_size=64)  # the fault: LR101

    train_step = training_step_with_outputs(model, optimizer, compute_loss)

    shares: list[float] = []
    bench.evidence(lambda: abs(shares[-1] - 0.25) < 1e-3)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=16, steps=50), start=1):
        loss, predictions = train_step(x, y)
        shares.append(float(loss) / float(np.mean(per_example(y, predictions))))
        if step % 5 == 1:
            bench.loss_reduction(compute_loss, y, predictions, step=step, value=loss)
        bench.record(model, step)
    bench.faulty(abs(shares[-1] - 0.25) < 1e-3, f"{shares[-1]:.3f} of the mean is differentiated")
    bench.final(model)
