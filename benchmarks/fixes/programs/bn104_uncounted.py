"""A model that evaluates in training mode was evaluated once before it was watched."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import NAMED

RULE = "BN104"
NUMBER = "layers that an evaluation moves"
HEALTHY = (0.0, 0.0)
SPANS = {
    "training": NAMED,
    "test_step": NAMED,
    "self(x, training=True)": NAMED,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(momentum=0.8)
            self.head = keras.layers.Dense(10)

        if cure:

            def call(self, x: Any, training: Any = None) -> Any:
                x = self.bn(x, training=training)
                return self.head(x)

        else:

            def call(self, x: Any, training: Any = None) -> Any:
                x = self.bn(x, training=True)
                return self.head(x)

    data = raw_digits()
    model = Net()
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, data, [], epochs=1)
    callbacks = bench.callbacks()
    fit(model, data, callbacks, epochs=1)
    moved = changes(lambda: statistics(model))
    model.evaluate(data.x_val, data.y_val, verbose=0, callbacks=callbacks)
    return float(moved())
