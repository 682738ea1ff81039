"""A deep network with the default momentum after too few steps: good in training, bad outside."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import accuracy_by_mode

REPORT = "https://github.com/tensorflow/tensorflow/issues/44568"
EXPECTED = {"keras": ("BN201",), "tf_keras": ("BN201",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    parts = [keras.Input((8, 8, 1))]
    for _ in range(6):
        parts += [
            layers.SeparableConv2D(12, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),  # the fault: BN201
            layers.ReLU(),
        ]
    model = keras.Sequential([*parts, layers.Flatten(), layers.Dense(10)])
    optimizer, loss_of = keras.optimizers.Adam(1e-3), class_loss(keras)
    watch = bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    scores: list[float] = []
    bench.evidence(lambda: scores)
    step = 0
    for _ in range(3):
        for x, y in batches(data.x, data.y, size=48, steps=30):
            step += 1
            train_step(x, y)
            bench.record(model, step)
        with watch.evaluating():
            scores.append(accuracy(model(data.x_val, training=False), data.y_val))
    moving, batch = accuracy_by_mode(model, data)
    bench.faulty(moving < batch - 0.3, f"accuracy {moving:.2f}, with batch statistics {batch:.2f}")
    bench.final(model)
