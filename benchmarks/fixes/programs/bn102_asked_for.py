"""`fit` trains gamma and beta of a trained base that the graph calls with `training=False`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers
from benchmarks.fixes.results import MEANT

RULE = "BN102"
NUMBER = "layers whose gamma moves around statistics that do not"
HEALTHY = (0.0, 0.0)
FLAVOURS = ("tf_keras",)  # Keras 3 below 3.16 trains it in training mode: BN103
SPANS = {'expect=("BN102",)': MEANT}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    layer = keras.layers.BatchNormalization(momentum=0.8)
    base = keras.Sequential(raw_layers(keras, norm=layer))
    base.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    base.fit(data.x, data.y, batch_size=48, verbose=0)

    inputs = keras.Input((64,))
    model = keras.Model(inputs, keras.layers.Dense(10)(base(inputs, training=False)))
    if cure:
        layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    gamma, moved = changes(lambda: flat([layer.gamma])), changes(lambda: statistics(model))
    fit(model, data, bench.callbacks(), epochs=1)
    return float(gamma() and not moved())
