"""A loop trains on images that are divided by 255, and validates them as they are."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.fixes.bench import FixBench

RULE = "BN208"
NUMBER = "validation accuracy"
HEALTHY = (0.9, 1.0)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits()
    pixels, x = 255.0 * data.x, 255.0 * data.x_val
    model, loss_of = conv_net(keras, momentum=0.9), class_loss(keras)
    train_step = training_step(model, keras.optimizers.Adam(3e-3), loss_of)
    watch = bench.watch(model)
    if cure:
        x = x / 255
    held, step = x, 0
    for _ in range(4):
        for images, y in batches(pixels / 255, data.y, size=48, steps=30):
            step += 1
            train_step(images, y)
            bench.record(model, step)
        bench.probe(model, held[:128], data.y_val[:128], loss=loss_of, step=step)
        with watch.evaluating():
            model(held, training=False)
    return accuracy(model(held, training=False), data.y_val)
