"""A layer of one's own in a Sequential model calls its layer with `training=True`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import MEANT, NAMED, REMOVED

RULE = "BN104"
NUMBER = "layers that an evaluation moves"
HEALTHY = (0.0, 0.0)
SPANS = {
    "training=True": REMOVED,
    "bn(x, training=True)": REMOVED,
    "call": NAMED,
    "test_step": NAMED,
    "self(x, training=True)": NAMED,
    'expect=("BN104",)': MEANT,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Block(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(momentum=0.8)

        def build(self, shape: Any) -> None:
            self.bn.build(shape)

        def call(self, x: Any) -> Any:
            return self.bn(x) if cure else self.bn(x, training=True)

    data = raw_digits()
    block = Block()
    model = keras.Sequential([keras.Input((64,)), block, keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks()
    fit(model, data, callbacks)
    moved = changes(lambda: flat([block.bn.moving_mean]))
    model.evaluate(data.x_val, data.y_val, verbose=0, callbacks=callbacks)
    return float(moved())
