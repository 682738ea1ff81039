"""A base called with `training=False`, unfrozen for fine-tuning: Keras 3 moves its statistics."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, trained_base
from benchmarks.findings.variables import changes, statistics
from benchmarks.findings.versions import keras_below

REPORT = "https://github.com/keras-team/keras/issues/20285"
EXPECTED = {"keras": ("BN103",) if keras_below(3, 16) else (), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    base = trained_base(keras, data, momentum=0.9)
    inputs = keras.Input((8, 8, 1))
    outputs = keras.layers.Dense(10)(base(inputs, training=False))  # the fault: BN103
    model = keras.Model(inputs, outputs)
    base.trainable = False
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    model.fit(data.x, data.y, epochs=3, batch_size=48, verbose=0)
    base.trainable = True
    model.compile(keras.optimizers.Adam(1e-4), class_loss(keras), metrics=["accuracy"])
    moved = changes(lambda: statistics(base))
    bench.evidence(moved)
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    if EXPECTED[keras.__name__]:
        bench.faulty(moved(), "the statistics of the base move, against what was asked")
    else:
        bench.healthy(not moved(), "the statistics of the base stay, as asked")
        score = model.evaluate(data.x_val, data.y_val, verbose=0)[1]
        bench.healthy(score > 0.85, f"validation accuracy {score:.2f}")
    bench.final(model)
