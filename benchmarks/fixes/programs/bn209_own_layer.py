"""A layer of one's own normalizes with the batch, and forgets to assign the statistics."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.layers import OwnNorm
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers, validate
from benchmarks.fixes.results import NAMED

RULE = "BN209"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {
    "call": NAMED,
    "training=False": NAMED,
    "training=training": NAMED,
    "layer.trainable = False": NAMED,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Norm(OwnNorm, keras.layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            mean, variance = self.moving_mean, self.moving_variance
            if training:
                mean, variance = self.moments(x)
                if cure:
                    momentum = self.momentum
                    for moving, batch in (
                        (self.moving_mean, mean),
                        (self.moving_variance, variance),
                    ):
                        moving.assign(momentum * moving + (1 - momentum) * batch)
            return self.normalize(x, mean, variance)

    data = raw_digits()
    model = keras.Sequential(raw_layers(keras, norm=Norm(momentum=0.8)))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, data, bench.callbacks())
    return validate(model, data)
