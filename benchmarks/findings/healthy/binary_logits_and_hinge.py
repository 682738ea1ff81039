"""Logits for a binary cross entropy that takes them, and beside it outputs for a hinge."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/api/losses/probabilistic_losses/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    odd, odd_val = (labels[:, None] % 2 for labels in (data.y, data.y_val))
    row = keras.Input((64,))
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layers.Dense(64)(row)))
    model = keras.Model(row, [layers.Dense(1, name="odd")(x), layers.Dense(1, name="sign")(x)])
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), [entropy, "hinge"])
    held = (data.x_val[:48], [odd_val[:48], 2 * odd_val[:48] - 1])
    fit(
        model,
        (data.x, [odd, 2 * odd - 1]),
        (data.x_val, [odd_val, 2 * odd_val - 1]),
        bench.callbacks(probe_data=held),
        batch_size=48,
        epochs=8,
    )
    outputs = model(data.x_val, training=False)[0].numpy()
    bench.accurate(float(((outputs > 0) == (odd_val == 1)).mean()))
    bench.final(model)
