"""A network in pure bfloat16: Keras 3 rounds each update of the statistics away."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/keras-team/keras-core/issues/412"
EXPECTED = {"keras": ("BN205",), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = keras.layers.BatchNormalization(momentum=0.999, dtype="bfloat16")  # the fault: BN205
    model = keras.Sequential(
        [
            keras.Input((64,), dtype="bfloat16"),
            keras.layers.Dense(32, dtype="bfloat16"),
            norm,
            keras.layers.ReLU(dtype="bfloat16"),
            keras.layers.Dense(10, dtype="bfloat16"),
            keras.layers.Activation("linear", dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), class_loss(keras), metrics=["accuracy"])
    made: list[int] = []
    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: made.append(batch)
    )

    def variance() -> Any:
        return np.asarray(norm.moving_variance.numpy(), np.float64)

    bench.evidence(lambda: len(made) >= 10 and bool((variance() == 1.0).all()))
    epochs = 6
    model.fit(
        data.x,
        data.y,
        epochs=epochs,
        batch_size=48,
        verbose=0,
        callbacks=[count, *bench.callbacks()],
    )
    if EXPECTED[keras.__name__]:
        bench.faulty((variance() == 1.0).all(), "every moving variance is 1 after 180 steps")
    else:
        bench.healthy((variance() != 1.0).all(), "every moving variance moved")
        score = model.evaluate(data.x_val, data.y_val, verbose=0)[1]
        bench.healthy(score > 0.8, f"validation accuracy {score:.2f}")
    bench.final(model)
