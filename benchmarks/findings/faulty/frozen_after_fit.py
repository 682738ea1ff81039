"""A base is frozen between two fits without `compile`: it goes on training."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import base_net, class_loss
from benchmarks.findings.variables import changes, flat, statistics

REPORT = "https://github.com/keras-team/keras/issues/6405"
EXPECTED = {"keras": ("BN105",), "tf_keras": ("BN105",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    base = base_net(keras, momentum=0.9)
    model = keras.Sequential([keras.Input((8, 8, 1)), base, keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks()
    model.fit(data.x, data.y, epochs=1, batch_size=48, verbose=0, callbacks=callbacks)
    weights = changes(lambda: flat(base.weights))
    moved = changes(lambda: statistics(base))
    base.trainable = False  # the fault: BN105
    bench.evidence(lambda: weights() and moved())
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=callbacks)
    bench.faulty(weights() and moved(), "weights and statistics of the frozen base change")
    bench.final(model)
