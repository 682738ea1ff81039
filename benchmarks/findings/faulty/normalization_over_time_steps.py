"""Batch normalization inside TimeDistributed: Keras 3 moves the statistics at each time step."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/tensorflow/tensorflow/issues/30109"
EXPECTED = {"keras": ("BN108",), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    rows = data.x[..., 0]  # eight time steps of eight pixels
    norm = keras.layers.BatchNormalization(momentum=0.9)
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            keras.layers.TimeDistributed(norm),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    share: list[float] = []  # of the start that is left after the first step

    def one_step_made() -> bool:
        if not share:  # pixel 0 is dark in all images: its variance only forgets the start
            share.append(float(norm.moving_variance.numpy()[0]))
        return share[0] < 0.6

    bench.evidence(one_step_made)
    model.fit(rows, data.y, epochs=6, batch_size=48, verbose=0, callbacks=bench.callbacks())
    score = model.evaluate(data.x_val[..., 0], data.y_val, verbose=0)[1]
    if EXPECTED[keras.__name__]:
        bench.faulty(share[0] < 0.6, f"{share[0]:.2f} of the start is left after one step")
    else:
        bench.healthy(share[0] > 0.8, f"{share[0]:.2f} of the start is left after one step")
        bench.healthy(score > 0.8, f"validation accuracy {score:.2f}")
    bench.final(model)
