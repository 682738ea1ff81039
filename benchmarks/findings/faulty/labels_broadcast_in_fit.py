"""A loss class of one's own in `fit`: Keras 3 hands it (N,) and (N, 1) as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/14627"
EXPECTED = {"keras": ("LR104",), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    targets, held = data.y.astype("float32"), data.y_val.astype("float32")

    class SquaredError(keras.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return tf.square(tf.cast(y_true, y_pred.dtype) - y_pred)  # the fault: LR104

    model = dense_net(keras, units=32, outputs=1, momentum=0.9)
    model.compile(keras.optimizers.Adam(1e-2), SquaredError())
    start = float(np.mean(targets**2))
    logged: list[float] = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logged.append(logs["loss"])
    )

    constant = float(np.var(held))
    bench.evidence(lambda: len(logged) > 1 and logged[-1] > 0.7 * constant)
    model.fit(
        data.x,
        targets,
        epochs=6,
        batch_size=16,
        verbose=0,
        callbacks=[keep, *bench.callbacks(probe_data=(data.x_val[:32], held[:32]))],
    )
    error = float(np.mean((model.predict(data.x_val, verbose=0)[:, 0] - held) ** 2))
    text = f"error {error:.1f}, of a constant {constant:.1f}, at the start {start:.1f}"
    if EXPECTED[keras.__name__]:
        bench.faulty(error > 0.7 * constant, text)
    else:
        bench.healthy(error < 0.5 * constant, text)
    bench.final(model)
