"""A resizing layer in front switches training mode on in a plain call of the model (Keras 3)."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, statistics

REPORT = "https://github.com/keras-team/keras/pull/23166"
EXPECTED = {"keras": ("BN104",), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Resizing(6, 6),
            keras.layers.Conv2D(16, 3),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    optimizer = keras.optimizers.Adam(1e-2)
    loss_of = class_loss(keras)
    watch = bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    moved: list[bool] = []
    bench.evidence(lambda: any(moved))
    step, score = 0, 0.0
    for _ in range(2):
        for x, y in batches(data.x, data.y, size=48, steps=40):
            step += 1
            train_step(x, y)
            bench.record(model, step)
        before = changes(lambda: statistics(model))
        with watch.evaluating():
            score = accuracy(model(data.x_val), data.y_val)
            moved.append(before())
    if EXPECTED[keras.__name__]:
        bench.faulty(all(moved), "each evaluation moves the statistics")
    else:
        bench.healthy(not any(moved), "evaluation leaves the statistics alone")
        bench.healthy(score > 0.8, f"validation accuracy {score:.2f}")
    bench.final(model)
