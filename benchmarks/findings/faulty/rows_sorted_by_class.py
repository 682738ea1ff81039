"""The rows are in the order of their class and nothing shuffles them."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/keras-team/tf-keras/issues/120"
EXPECTED = {"keras": ("BN208",), "tf_keras": ("BN208",)}


def run(keras: Any, bench: Bench) -> None:
    layers, random = keras.layers, np.random.default_rng(5)
    centres = 2.0 * random.normal(size=(5, 20))
    y, held_y = np.repeat(np.arange(5), 240), random.integers(0, 5, 320)
    x, held_x = (
        (centres[of] + 0.8 * random.normal(size=(len(of), 20))).astype("float32")
        for of in (y, held_y)
    )
    stack = [keras.Input((20,)), layers.BatchNormalization(momentum=0.9), layers.Dense(40)]
    stack += [layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.Dense(5)]
    model = keras.Sequential(stack)
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    bench.evidence(lambda: bench.calls > 80)  # two probes show it
    logs = model.fit(
        x,
        y,
        batch_size=30,
        epochs=10,
        shuffle=False,  # the fault: BN208
        validation_data=(held_x, held_y),
        verbose=0,
        callbacks=bench.callbacks(probe_data=(held_x, held_y)),
    ).history
    moving = accuracy(model(held_x, training=False), held_y)
    kept = model.get_weights()
    batch = accuracy(model(held_x, training=True), held_y)
    model.set_weights(kept)
    bench.faulty(moving - batch > 0.1, f"accuracy {moving:.2f} moving, {batch:.2f} batch")
    trained = logs["accuracy"][-1]
    bench.faulty(trained < 0.5, f"accuracy {trained:.2f} in training")
    bench.final(model)
