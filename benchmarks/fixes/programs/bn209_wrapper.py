"""A layer derived from Keras' own passes `training=False` on, whatever it is told."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers
from benchmarks.fixes.results import NAMED, REMOVED

RULE = "BN209"
NUMBER = "layers said to train whose statistics stand still"
HEALTHY = (0.0, 0.0)
CURES = ("passed on", "frozen")
SPANS = {
    "call": NAMED,
    "training=False": REMOVED,
    "moving.assign(momentum * moving + (1 - momentum) * batch)": NAMED,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Norm(keras.layers.BatchNormalization):
        def call(self, x: Any, training: Any = None) -> Any:
            if cure == "passed on":
                return super().call(x, training=training)
            else:
                return super().call(x, training=False)

    data = raw_digits()
    layer = Norm(momentum=0.8)
    model = keras.Sequential(raw_layers(keras, norm=layer))
    if cure == "frozen":
        layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, data, bench.callbacks())
    still = not layer.moving_mean.numpy().any()
    return float(layer.trainable and still)
