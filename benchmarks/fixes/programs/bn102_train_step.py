"""`fit` goes on with a trained Sequential model whose `train_step` calls it without `training`."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers
from benchmarks.fixes.results import NAMED

RULE = "BN102"
NUMBER = "layers whose gamma moves around statistics that do not"
HEALTHY = (0.0, 0.0)
CURES = ("frozen", "trained")
SPANS = {"train_step": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    loss_fn = class_loss(keras)

    class Net(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                if cure == "trained":
                    y_pred = self(x, training=True)
                else:
                    y_pred = self(x)
                loss = loss_fn(y, y_pred)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    data = raw_digits()
    layer = keras.layers.BatchNormalization(momentum=0.8)
    layers = raw_layers(keras, norm=layer)
    before = keras.Sequential(layers)
    before.compile(keras.optimizers.Adam(1e-2), loss_fn)
    before.fit(data.x, data.y, batch_size=48, verbose=0)

    model = Net(layers)
    if cure == "frozen":
        layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-3), loss_fn)
    gamma, moved = changes(lambda: flat([layer.gamma])), changes(lambda: statistics(model))
    fit(model, data, bench.callbacks(), epochs=1)
    return float(gamma() and not moved())
