"""A frozen base sees darker images than it was trained on; the head learns from what it gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, trained_base
from benchmarks.findings.variables import accuracy_by_mode, changes, norms, statistics

REPORT = "https://keras.io/guides/transfer_learning/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    base = trained_base(keras, data, epochs=6, momentum=0.9)
    dark, dark_val = 0.3 * data.x + 0.5, 0.3 * data.x_val + 0.5
    base.trainable = False
    layers = keras.layers
    head = [layers.Dense(96, activation="relu"), layers.Dense(10)]
    model = keras.Sequential([keras.Input((8, 8, 1)), base, *head])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    moved = changes(lambda: statistics(base))
    history = model.fit(
        dark,
        data.y,
        batch_size=64,
        epochs=25,
        validation_data=(dark_val, data.y_val),
        verbose=0,
        callbacks=bench.callbacks(probe_data=(dark_val[:128], data.y_val[:128])),
    ).history
    entering = base.layers[1](dark[:300]).numpy()
    off = np.abs(entering.mean(axis=(0, 1, 2)) - norms(base)[0].moving_mean.numpy())
    off /= entering.std(axis=(0, 1, 2))
    seen = type(data)(x=dark, y=data.y, x_val=dark_val, y_val=data.y_val)
    moving, batch = accuracy_by_mode(model, seen)
    bench.healthy(not moved(), "the base keeps its statistics")
    bench.healthy(np.median(off) > 0.5, f"which are {np.median(off):.1f} deviations off here")
    bench.healthy(moving >= batch - 0.02, f"accuracy {moving:.2f}, in training mode {batch:.2f}")
    bench.healthy(history["val_accuracy"][-1] > 0.7, "the head learns")
    bench.final(model)
