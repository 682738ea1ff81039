"""`tf.squeeze` on the predictions, while the labels stay a column: every row meets every other."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Values, batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import base_net

REPORT = "https://github.com/matroid/dlwithtf/pull/17"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}


def _ink_above(images: Values) -> Values:
    """How much more ink is in the upper half than in the lower, one column."""
    rows = images[..., 0].sum(2)
    more: Values = (rows[:, :4].sum(1) - rows[:, 4:].sum(1)) / 8.0
    return more[:, None]


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    labels, held = _ink_above(data.x), _ink_above(data.x_val)
    base = base_net(keras, momentum=0.9)
    model = keras.Sequential([keras.Input((8, 8, 1)), base, keras.layers.Dense(1)])
    bench.watch(model)

    def absolute_error(y: Any, predicted: Any) -> Any:
        return tf.reduce_mean(tf.abs(y - tf.squeeze(predicted)))  # the fault: LR104

    train_step = training_step_with_outputs(model, keras.optimizers.Adam(1e-2), absolute_error)

    mixed: list[bool] = []
    bench.evidence(lambda: mixed[-1])
    for step, (x, y) in enumerate(batches(data.x, labels, size=24, steps=90), start=1):
        loss, predicted = train_step(x, y)
        loss, column = float(loss), predicted.numpy()
        of_pairs = float(np.mean(np.abs(y - column.T)))
        of_rows = float(np.mean(np.abs(y - column)))
        mixed.append(abs(loss - of_pairs) < 1e-5 and abs(loss - of_rows) > 1e-3)
        if step % 5 == 1:
            bench.loss_reduction(absolute_error, y, predicted, step=step, value=loss)
        bench.record(model, step)
    error = float(np.mean(np.abs(model(data.x_val, training=False).numpy() - held)))
    constant = float(np.mean(np.abs(held - np.median(held))))
    share = float(np.mean(mixed))
    bench.faulty(share > 0.5, f"in {share:.2f} of the steps the loss is that of all pairs alone")
    bench.faulty(error > 0.8 * constant, f"error {error:.2f}, of a constant {constant:.2f}")
    bench.final(model)
