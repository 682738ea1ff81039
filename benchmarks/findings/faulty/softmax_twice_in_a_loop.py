"""A loop's loss has `from_logits=True`, and the model's softmax is cast to another dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/mmalekzadeh/dana/issues/1"
EXPECTED = {"keras": ("LR112",), "tf_keras": ("LR112",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    net = dense_net(keras, activation="softmax", momentum=0.9)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # the fault: LR112
    bench.watch(net)

    class Copying:
        """The model, whose outputs go through an operation more."""

        trainable_variables = net.trainable_variables

        def __call__(self, x: Any, training: bool) -> Any:
            return tf.identity(net(x, training=training))

    train_step = training_step_with_outputs(Copying(), keras.optimizers.SGD(0.1), loss_fn)
    lowest = -np.log(np.e / (np.e + 9))
    losses: list[float] = []
    bench.evidence(lambda: losses and losses[-1] > lowest)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        loss, outputs = train_step(x, y)
        losses.append(float(loss))
        bench.loss_reduction(loss_fn, y, outputs, step=step, value=loss)
        bench.record(net, step)
    sums = outputs.numpy().sum(axis=1)
    bench.faulty(abs(sums - 1).max() < 1e-4, "the predictions of a row add up to 1")
    bench.faulty(min(losses) > lowest, f"no loss is below {lowest:.2f}, that of right answers")
    bench.final(net)
