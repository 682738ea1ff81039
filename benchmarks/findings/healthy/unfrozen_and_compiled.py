"""A base is unfrozen layer by layer and compiled for a second `fit`, the only one watched."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import trained_base
from benchmarks.findings.variables import changes, flat, norms, statistics

REPORT = "https://github.com/keras-team/keras/issues/9940"  # what it says to do


def run(keras: Any, bench: Bench) -> None:
    first, new = digits().halves()
    base = trained_base(keras, first, epochs=4, momentum=0.9)
    for layer in base.layers:
        layer.trainable = False
    model = keras.Sequential([keras.Input((8, 8, 1)), base])
    model.add(keras.layers.Dense(5, activation="softmax"))
    model.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    model.fit(new.x, new.y, batch_size=40, epochs=3, verbose=0)

    for layer in base.layers:
        layer.trainable = True
    model.compile(
        keras.optimizers.Adam(3e-3),
        "sparse_categorical_crossentropy",
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="right")],
    )
    of_base = changes(lambda: flat(base.trainable_variables))
    of_statistics = changes(lambda: statistics(base))
    history = fit(model, new.train, new.held, bench.callbacks(), batch_size=40, epochs=6)
    bench.healthy(of_base() and of_statistics(), f"the base trains, {len(norms(base))} norms too")
    right = history["val_right"][-1]
    bench.healthy(right > 0.93, f"validation accuracy on the new digits {right:.3f}")
    bench.final(model)
