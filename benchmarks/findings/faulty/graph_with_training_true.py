"""A functional graph with `training=True` built in: in tf_keras evaluation and prediction train."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics

REPORT = "https://github.com/tensorflow/tensorflow/issues/29478"
EXPECTED = {"keras": (), "tf_keras": ("BN104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(8, 3)(inputs)
    x = keras.layers.BatchNormalization(momentum=0.9)(x, training=True)  # the fault: BN104
    x = keras.layers.Flatten()(keras.layers.ReLU()(x))
    model = keras.Model(inputs, keras.layers.Dense(10)(x))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    callbacks = bench.callbacks()
    moved: list[bool] = []
    bench.evidence(lambda: any(moved))
    score = 0.0
    for _ in range(2):
        model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=callbacks)
        before = changes(lambda: statistics(model))
        score = model.evaluate(data.x_val, data.y_val, verbose=0, callbacks=callbacks)[1]
        moved.append(before())
        bench.call()
    if EXPECTED[keras.__name__]:
        bench.faulty(all(moved), "each evaluation moves the statistics")
    else:
        bench.healthy(not any(moved), "evaluation leaves the statistics alone")
        bench.healthy(score > 0.85, f"validation accuracy {score:.2f}")
    bench.final(model)
