"""Weights are copied layer by layer where names agree; those of the normalizations do not."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Digits, digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import accuracy_by_mode, at_start

REPORT = "https://github.com/keras-team/keras/issues/11867"
EXPECTED = {"keras": ("BN202",), "tf_keras": ("BN202",)}


def _net(keras: Any, prefix: str) -> Any:
    layers = keras.layers
    parts = [keras.Input((64,)), layers.Rescaling(40.0, offset=-60.0)]
    for number in (1, 2):
        parts += [
            layers.Dense(64, name=f"dense_{number}"),
            layers.BatchNormalization(momentum=0.9, name=f"{prefix}norm_{number}"),
            layers.Activation("sigmoid"),
        ]
    return keras.Sequential([*parts, layers.Dense(10, name="head")])


def _compiled(keras: Any, model: Any) -> Any:
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    return model


def _copy_by_name(source: Any, model: Any) -> None:
    theirs = {layer.name: layer for layer in source.layers}
    for layer in model.layers:
        if layer.name in theirs:
            layer.set_weights(theirs[layer.name].get_weights())  # the fault: BN202


def run(keras: Any, bench: Bench) -> None:
    data: Digits = digits().flat()
    source = _compiled(keras, _net(keras, ""))
    source.fit(data.x, data.y, epochs=6, verbose=0)
    model = _net(keras, "backbone_")
    _copy_by_name(source, model)
    for layer in model.layers[:-1]:
        layer.trainable = False
    _compiled(keras, model)
    bench.evidence(lambda: at_start(model))
    model.fit(
        data.x,
        data.y,
        epochs=4,
        validation_data=data.held,
        verbose=0,
        callbacks=bench.callbacks(probe_data=(data.x_val[:128], data.y_val[:128])),
    )
    (good, _), (bad, _) = accuracy_by_mode(source, data), accuracy_by_mode(model, data)
    bench.faulty(at_start(model), "the statistics of the frozen layers are 0 and 1")
    bench.faulty(bad < good - 0.1, f"accuracy {bad:.2f}, where that of the source is {good:.2f}")
    bench.final(model)
