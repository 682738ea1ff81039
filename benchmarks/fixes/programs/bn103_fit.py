"""`fit` fine-tunes a trained base that the graph calls with `training=False`."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import fit, raw_digits, raw_layers
from benchmarks.fixes.results import REMOVED

RULE = "BN103"
NUMBER = "layers that move though the graph asks for inference mode"
HEALTHY = (0.0, 0.0)
FLAVOURS = ("keras",)
CURES = ("frozen", "removed")
SPANS = {"training=False": REMOVED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    layer = keras.layers.BatchNormalization(momentum=0.8)
    base = keras.Sequential(raw_layers(keras, norm=layer))
    base.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    base.fit(data.x, data.y, batch_size=48, verbose=0)

    inputs = keras.Input((64,))
    x = base(inputs) if cure == "removed" else base(inputs, training=False)
    model = keras.Model(inputs, keras.layers.Dense(10)(x))
    if cure == "frozen":
        layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    moved = changes(lambda: statistics(model))
    fit(model, data, bench.callbacks(), epochs=1)
    asked = cure != "removed"
    return float(moved() and asked)
