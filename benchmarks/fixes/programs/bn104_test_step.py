"""The `test_step` of a functional model calls it in training mode."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers
from benchmarks.fixes.results import MEANT, NAMED, REMOVED

RULE = "BN104"
NUMBER = "layers that an evaluation moves"
HEALTHY = (0.0, 0.0)
SPANS = {
    "training=True": REMOVED,
    "bn(x, training=True)": NAMED,
    "test_step": NAMED,
    "call": NAMED,
    "self(x, training=True)": REMOVED,
    'expect=("BN104",)': MEANT,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    loss_fn = class_loss(keras)

    class Net(keras.Sequential):
        def test_step(self, data: Any) -> Any:
            x, y = data
            y_pred = self(x) if cure else self(x, training=True)
            return {"loss": loss_fn(y, y_pred)}

    data = raw_digits()
    model = Net(raw_layers(keras))
    model.compile(keras.optimizers.Adam(1e-2), loss_fn)
    callbacks = bench.callbacks()
    fit(model, data, callbacks)
    moved = changes(lambda: statistics(model))
    model.evaluate(data.x_val, data.y_val, verbose=0, callbacks=callbacks)
    return float(moved())
