"""A functional model is built with a layer that is called with `training=True`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import MEANT, NAMED, REMOVED

RULE = "BN104"
NUMBER = "layers that an evaluation moves"
HEALTHY = (0.0, 0.0)
FLAVOURS = ("tf_keras",)  # Keras 3 does not keep what the graph says
SPANS = {
    "training=True": REMOVED,
    "bn(x, training=True)": REMOVED,
    "test_step": NAMED,
    "call": NAMED,
    "self(x, training=True)": NAMED,
    'expect=("BN104",)': MEANT,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    bn = keras.layers.BatchNormalization(momentum=0.8)
    inputs = keras.Input((64,))
    x = inputs
    x = bn(x) if cure else bn(x, training=True)
    model = keras.Model(inputs, keras.layers.Dense(10)(x))
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks()
    fit(model, data, callbacks)
    moved = changes(lambda: statistics(model))
    model.evaluate(data.x_val, data.y_val, verbose=0, callbacks=callbacks)
    return float(moved())
