"""`fit` trains a model with a layer of one's own whose `call` passes `training=False` on."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, validate
from benchmarks.fixes.results import NAMED, REMOVED

RULE = "BN101"
NUMBER = "validation accuracy"
HEALTHY = (0.85, 1.0)
SPANS = {"fit": NAMED, "call": NAMED, "training=False": REMOVED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    class Block(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(momentum=0.8)
            self.dense = keras.layers.Dense(48, activation="relu")

        def build(self, shape: Any) -> None:
            self.bn.build(shape)
            self.dense.build(shape)

        if cure:

            def call(self, x: Any, training: Any = None) -> Any:
                x = self.bn(x, training=training)
                return self.dense(x)

        else:

            def call(self, x: Any) -> Any:  # type: ignore[misc]
                x = self.bn(x, training=False)
                return self.dense(x)

    model = keras.Sequential([keras.Input((64,)), Block(), keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    data = raw_digits()
    fit(model, data, bench.callbacks())
    return validate(model, data)
