"""The `call` of a subclassed model has True as the default of `training`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import MEANT, NAMED

RULE = "BN104"
NUMBER = "layers that a prediction moves"
HEALTHY = (0.0, 0.0)
SPANS = {
    "training": NAMED,
    'expect=("BN104",)': MEANT,
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

            def call(self, x: Any, training: Any = True) -> Any:
                x = self.bn(x, training=training)
                return self.head(x)

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"loss": self.compute_loss(x=x, y=y, y_pred=self(x))}

    data = raw_digits()
    model = Net()
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    callbacks = bench.callbacks()
    fit(model, data, callbacks)
    moved = changes(lambda: statistics(model))
    model.evaluate(data.x_val, data.y_val, verbose=0, callbacks=callbacks)
    return float(moved())
