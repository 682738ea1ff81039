"""Momentum 0.9997, taken from a much longer training: validation is at chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import accuracy_by_mode, norms

REPORT = "https://github.com/affinelayer/pix2pix-tensorflow/issues/126"
EXPECTED = {"keras": ("BN201",), "tf_keras": ("BN201",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    parts = [keras.Input((8, 8, 1))]
    for _ in range(6):
        parts += [
            layers.SeparableConv2D(12, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9997),  # the fault: BN201
            layers.ReLU(),
        ]
    model = keras.Sequential([*parts, layers.Flatten(), layers.Dense(10)])
    model.compile(keras.optimizers.Adam(2e-3), class_loss(keras), metrics=["accuracy"])
    first = norms(model)[0]
    validations = {"count": 0}

    class Count(keras.callbacks.Callback):
        def on_test_begin(self, logs: Any = None) -> None:
            validations["count"] += 1

    def share() -> float:
        """How much of the batches' mean has reached the moving mean of the first layer."""
        means = model.layers[0](data.x[:200]).numpy().mean(axis=(0, 1, 2))
        return float(np.abs(first.moving_mean.numpy()).max() / np.abs(means).max())

    bench.evidence(lambda: validations["count"] and share() < 0.1)
    fit(model, data.train, data.held, [Count(), *bench.callbacks()], batch_size=48, epochs=3)
    moving, batch = accuracy_by_mode(model, data)
    text = f"accuracy {moving:.2f}, with batch statistics {batch:.2f}"
    bench.faulty(moving < 0.3 and batch > 0.6, text)
    bench.faulty(share() < 0.1, f"{share():.3f} of the mean has reached the moving mean")
    bench.final(model)
