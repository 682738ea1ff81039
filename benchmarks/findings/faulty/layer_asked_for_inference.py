"""Layers in a functional graph are asked for inference mode one by one; Keras 3 trains them."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.findings.versions import keras_below

REPORT = "https://github.com/keras-team/keras/pull/20298"
EXPECTED = {"keras": ("BN103",) if keras_below(3, 16) else (), "tf_keras": ()}


def _network(keras: Any, **asked: Any) -> Any:
    inputs = keras.Input((64,))
    x = keras.layers.Dense(48)(inputs)
    x = keras.layers.BatchNormalization(momentum=0.9)(x, **asked)
    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Dense(32)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x, **asked)
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Activation("relu")(x)))


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    first = _network(keras)
    first.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    first.fit(data.x, data.y, epochs=4, batch_size=48, verbose=0)
    model = _network(keras, training=False)  # the fault: BN103
    model.set_weights(first.get_weights())
    model.compile(keras.optimizers.Adam(1e-4), class_loss(keras), metrics=["accuracy"])
    moved = changes(lambda: statistics(model))
    bench.evidence(moved)
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    if EXPECTED[keras.__name__]:
        bench.faulty(moved(), "the statistics move, against what was asked")
    else:
        bench.healthy(not moved(), "the statistics stay, as asked")
        score = model.evaluate(data.x_val, data.y_val, verbose=0)[1]
        bench.healthy(score > 0.85, f"validation accuracy {score:.2f}")
    bench.final(model)
