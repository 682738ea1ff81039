"""Layers of one's own run in training mode and move nothing: a probe has equal outputs."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.data import digits
from benchmarks.findings.layers import OwnNorm
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, small_layers, spread_of

RULE = "BN109"
NUMBER = "spread of the outputs over the rows, in inference mode"
HEALTHY = (0.1, 10.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Norm(OwnNorm, keras.layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            mean, variance = self.moving_mean, self.moving_variance
            if training:
                mean, variance = self.moments(x)
                if cure:  # what BN209 says
                    self.move(self.moving_mean, mean)
                    self.move(self.moving_variance, variance)
            return self.normalize(x, mean, variance)

    data = digits().flat()
    model = keras.Sequential(small_layers(keras, norm=Norm))
    model.compile(keras.optimizers.Adam(1e-4), class_loss(keras))
    fit(model, data, bench.callbacks(probe_data=(data.x_val[:64], data.y_val[:64])))
    return spread_of(model(data.x_val, training=False))
