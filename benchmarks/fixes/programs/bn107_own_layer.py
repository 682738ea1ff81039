"""A layer of one's own ignores that it is frozen."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.layers import OwnNorm
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers
from benchmarks.fixes.results import NAMED

RULE = "BN107"
NUMBER = "frozen layers that move"
HEALTHY = (0.0, 0.0)
CURES = ("respected", "derived")
SPANS = {"call": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class OwnLayer(OwnNorm, keras.layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            if cure:
                training = training and self.trainable
            mean, variance = self.moving_mean, self.moving_variance
            if training:
                mean, variance = self.moments(x)
                self.move(self.moving_mean, mean)
                self.move(self.moving_variance, variance)
            return self.normalize(x, mean, variance)

    if cure == "derived":

        class Norm(keras.layers.BatchNormalization):
            pass

    else:

        class Norm(OwnLayer):  # type: ignore[no-redef]
            pass

    data = raw_digits()
    layer = Norm(momentum=0.8)
    model = keras.Sequential(raw_layers(keras, norm=layer))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model.fit(data.x, data.y, batch_size=48, verbose=0)
    layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    moved = changes(lambda: statistics(model))
    fit(model, data, bench.callbacks(), epochs=1)
    return float(moved())
