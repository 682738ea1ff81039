"""A port hands running variance and running mean over in each other's place; both are positive."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import accuracy_by_mode, norms

REPORT = "https://github.com/gmalivenko/pytorch2keras/issues/120"
EXPECTED = {"keras": ("BN202",), "tf_keras": ("BN202",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers

    def net() -> Any:
        return keras.Sequential(
            [
                keras.Input((64,)),
                layers.Rescaling(16.0, offset=1.0),
                layers.BatchNormalization(momentum=0.9, name="first"),
                *dense_net(keras, momentum=0.9).layers,
            ]
        )

    source = net()
    source.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    source.fit(data.x, data.y, epochs=6, verbose=0)
    good, _ = accuracy_by_mode(source, data)
    model = net()
    model.set_weights(source.get_weights())
    first = norms(model)[0]
    gamma, beta, mean, variance = first.get_weights()
    first.set_weights([gamma, beta, variance, mean])  # the fault: BN202
    first.trainable = False
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    bad, _ = accuracy_by_mode(model, data)

    def swapped() -> bool:
        entering = model.layers[0](data.x).numpy()
        stored = first.moving_mean.numpy()
        near, far = np.abs(stored - entering.var(axis=0)), np.abs(stored - entering.mean(axis=0))
        return bool(near.mean() < 0.5 * far.mean())

    bench.evidence(swapped)
    model.fit(
        data.x,
        data.y,
        epochs=2,
        verbose=0,
        callbacks=bench.callbacks(probe_data=(data.x_val[:128], data.y_val[:128])),
    )
    bench.faulty(swapped(), "the moving mean is nearer to the variance of the inputs")
    bench.faulty(bad < good - 0.2, f"accuracy {bad:.2f} as ported, {good:.2f} at the source")
    bench.final(model)
