"""`fit` trains a subclassed model whose `call` has no argument `training`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, validate

RULE = "BN106"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
FLAVOURS = ("keras",)  # tf_keras trains it all the same


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(momentum=0.8)
            self.hidden = keras.layers.Dense(48, activation="relu")
            self.head = keras.layers.Dense(10)

        if cure:

            def call(self, x: Any, training: Any = None) -> Any:
                x = self.bn(x, training=training)
                return self.head(self.hidden(x))

        else:

            def call(self, x: Any) -> Any:  # type: ignore[misc]
                x = self.bn(x)
                return self.head(self.hidden(x))

    data = raw_digits()
    model = Net()
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    fit(model, data, bench.callbacks())
    return validate(model, data)
