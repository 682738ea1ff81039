"""The `train_step` of a Sequential model calls it without `training`: a probe has equal outputs."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, small_layers, spread_of
from benchmarks.fixes.results import NAMED

RULE = "BN109"
NUMBER = "spread of the outputs over the rows, in inference mode"
HEALTHY = (0.1, 10.0)
SPANS = {"train_step": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    loss_fn = class_loss(keras)

    class Net(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                if cure:
                    y_pred = self(x, training=True)
                else:
                    y_pred = self(x)
                loss = loss_fn(y, y_pred)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    data = digits().flat()
    model = Net(small_layers(keras))
    model.compile(keras.optimizers.Adam(1e-4), loss_fn)
    fit(model, data, bench.callbacks(probe_data=(data.x_val[:64], data.y_val[:64])))
    return spread_of(model(data.x_val, training=False))
