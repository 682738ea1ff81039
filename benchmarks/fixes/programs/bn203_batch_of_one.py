"""A dense network is trained with batches of one row."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers, validate

RULE = "BN203"
NUMBER = "validation accuracy"
HEALTHY = (0.6, 1.0)
CURES = ("larger batches", "groups", "layer")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    norm = None
    if cure == "groups":
        norm = keras.layers.GroupNormalization(groups=1)
    if cure == "layer":
        norm = keras.layers.LayerNormalization()
    model = keras.Sequential(raw_layers(keras, norm=norm))
    model.compile(keras.optimizers.Adam(3e-3), class_loss(keras))
    batch_size = 32 if cure == "larger batches" else 1
    x, y = data.x[:480], data.y[:480]
    epochs = 12 if cure == "larger batches" else 1
    model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=bench.callbacks())
    return validate(model, data)
