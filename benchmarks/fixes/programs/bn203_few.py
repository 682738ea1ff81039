"""A dense network is trained with batches of four rows."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.data import batches
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers

RULE = "BN203"
NUMBER = "difference of the outputs for a row in two batches, over their spread"
HEALTHY = (0.0, 0.25)
CURES = ("larger batches", "groups", "layer")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    norm = None
    if cure == "groups":
        norm = keras.layers.GroupNormalization(groups=1)
    if cure == "layer":
        norm = keras.layers.LayerNormalization()
    model = keras.Sequential(raw_layers(keras, norm=norm))
    bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(1e-2), class_loss(keras))
    rows = 64 if cure == "larger batches" else 4
    for step, (x, y) in enumerate(batches(data.x, data.y, size=rows, steps=40), start=1):
        train_step(x, y)
        bench.record(model, step)
    one, other = data.x_val[:rows].copy(), data.x_val[rows : 2 * rows].copy()
    other[0] = one[0]  # the same row, beside others
    first, second = model(one, training=True).numpy(), model(other, training=True).numpy()
    return float(abs(first[0] - second[0]).mean() / first.std(axis=0).mean())
