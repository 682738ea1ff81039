"""Layers frozen after `compile` and before the first `fit`: tf_keras trains them all the same."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, trained_base
from benchmarks.findings.variables import changes, flat

REPORT = "https://github.com/nasa/delta/pull/63"
EXPECTED = {"keras": (), "tf_keras": ("BN105",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    base = trained_base(keras, data, momentum=0.9)
    model = keras.Sequential([keras.Input((8, 8, 1)), base, keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    base.trainable = False  # the fault: BN105
    weights = changes(lambda: flat(base.weights))
    bench.evidence(weights)
    model.fit(data.x, data.y, epochs=3, batch_size=48, verbose=0, callbacks=bench.callbacks())
    score = model.evaluate(data.x_val, data.y_val, verbose=0)[1]
    if EXPECTED[keras.__name__]:
        bench.faulty(weights() and not base.trainable, "the frozen base is trained")
    else:
        bench.healthy(not weights(), "the frozen base stays as it is")
        bench.healthy(score > 0.85, f"validation accuracy {score:.2f}")
    bench.final(model)
