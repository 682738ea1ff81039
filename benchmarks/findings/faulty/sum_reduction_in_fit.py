"""`fit` with `reduction='sum'`: the step grows with the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/31317"
EXPECTED = {"keras": ("LR101",), "tf_keras": ("LR101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, momentum=0.9)
    # the fault: LR101
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    model.compile(keras.optimizers.SGD(0.001), loss)
    logged: list[float] = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: logged.append(logs["loss"])
    )

    bench.evidence(lambda: logged[0] > 64 * np.log(10) * 0.5)  # chance is log(10) a row
    model.fit(
        data.x,
        data.y,
        epochs=2,
        batch_size=64,
        verbose=0,
        callbacks=[keep, *bench.callbacks(probe_data=(data.x_val[:64], data.y_val[:64]))],
    )
    y, out = data.y_val[:32], model.predict(data.x_val[:32], verbose=0)
    once, twice = float(loss(y, out)), float(loss(np.tile(y, 2), np.tile(out, (2, 1))))
    bench.faulty(abs(twice / once - 2) < 1e-3, "twice the batch gives twice the loss")
    bench.final(model)
