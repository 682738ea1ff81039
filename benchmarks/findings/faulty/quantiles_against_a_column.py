"""A quantile loss in `fit` takes columns of the outputs apart, but not the column of the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/ml-stat-Sustech/TorchCP/issues/27"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}
QUANTILES = (0.1, 0.5, 0.9)


def quantile_loss(y_true: Any, y_pred: Any) -> Any:
    """The pinball loss of three quantiles, for labels of one column."""
    loss = 0.0
    for column, share in enumerate(QUANTILES):
        error = tf.cast(y_true, y_pred.dtype) - y_pred[:, column]  # the fault: LR104
        loss += tf.reduce_mean(tf.maximum(share * error, (share - 1.0) * error))
    return loss


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    labels, held = (y.astype("float32")[:, None] for y in (data.y, data.y_val))
    model = dense_net(keras, units=32, outputs=3, momentum=0.9)
    model.compile(keras.optimizers.Adam(1e-2), quantile_loss)
    bands: list[float] = []

    def measure(epoch: int, logs: Any) -> None:
        outputs = np.asarray(model(data.x_val, training=False))
        bands.append(float(np.mean(outputs[:, 2] - outputs[:, 0])))

    everyone = float(np.subtract(*np.quantile(held, (0.9, 0.1))))
    bench.evidence(lambda: len(bands) > 3 and bands[-1] > 0.7 * everyone)
    fit(
        model,
        (data.x, labels),
        (data.x_val, held),
        [
            keras.callbacks.LambdaCallback(on_epoch_end=measure),
            *bench.callbacks(probe_data=(data.x_val[:48], held[:48])),
        ],
        batch_size=24,
        epochs=7,
    )
    medians = np.asarray(model(data.x_val, training=False))[:, 1]
    error = float(np.mean(np.abs(medians - held[:, 0])))
    constant = float(np.mean(np.abs(held - np.median(held))))
    bench.faulty(error > 0.8 * constant, f"error {error:.2f}, of a constant {constant:.2f}")
    text = f"the band of a row is {bands[-1]:.1f} wide, that of all labels {everyone:.1f}"
    bench.faulty(bands[-1] > 0.7 * everyone, text)
    bench.final(model)
