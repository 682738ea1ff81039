"""A layer is made in `__init__` and forgotten in `call`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits
from benchmarks.fixes.results import NAMED

RULE = "BN110"
NUMBER = "layers of the model that never run"
HEALTHY = (0.0, 0.0)
CURES = ("called", "removed")
SPANS = {"call": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.BatchNormalization(momentum=0.8)
            self.hidden = keras.layers.Dense(48, activation="relu")
            if cure != "removed":
                self.bn = keras.layers.BatchNormalization(momentum=0.8)
            self.head = keras.layers.Dense(10)

        def call(self, x: Any, training: Any = None) -> Any:
            x = self.first(x, training=training)
            x = self.hidden(x)
            if cure == "called":
                x = self.bn(x)
            return self.head(x)

    data = raw_digits()
    model = Net()
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, data, bench.callbacks())
    norms = [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]
    return float(sum(not each.built for each in norms))
