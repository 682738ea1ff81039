"""A trained net divides its pixels by 16 itself; they were divided before as well."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import accuracy_by_mode, norms

REPORT = "https://github.com/keras-team/keras-io/issues/1549"
EXPECTED = {"keras": ("BN202",), "tf_keras": ("BN202",)}


def _net(keras: Any, momentum: float) -> Any:
    layers = keras.layers
    parts = [keras.Input((8, 8, 1)), layers.Rescaling(1 / 16)]
    for filters in (8, 16):
        parts += [
            layers.Conv2D(filters, 3, use_bias=False),
            layers.BatchNormalization(momentum=momentum),
            layers.ReLU(),
        ]
    model = keras.Sequential([*parts, layers.Flatten(), layers.Dense(10)])
    model.compile(keras.optimizers.Adam(3e-3), class_loss(keras), metrics=["accuracy"])
    return model


def run(keras: Any, bench: Bench) -> None:
    data = digits()  # pixels from 0 to 1: those of the camera are 16 times as large
    source = _net(keras, 0.9)
    source.fit(data.x * 16, data.y, epochs=6, verbose=0)
    model = _net(keras, 0.99)
    model.set_weights(source.get_weights())
    first = norms(model)[0]

    def off() -> float:
        """How many times the moving variance of the first layer is that of its inputs."""
        entering = model.layers[1](model.layers[0](data.x[:200])).numpy()
        return float(np.median(first.moving_variance.numpy() / entering.var(axis=(0, 1, 2))))

    bench.evidence(lambda: off() > 20)
    model.fit(
        *data.train,
        epochs=3,
        batch_size=96,
        validation_data=data.held,
        verbose=0,
        callbacks=bench.callbacks(probe_data=(data.x_val[:128], data.y_val[:128])),
    )
    moving, batch = accuracy_by_mode(model, data)
    bench.faulty(off() > 20, f"the moving variance is {off():.0f} times that of what enters")
    text = f"accuracy {moving:.2f}, with batch statistics {batch:.2f}"
    bench.faulty(moving < 0.6 and batch > 0.9, text)
    bench.final(model)
