"""A deep network from random weights in a loop without `training`: all rows come out alike."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss

REPORT = "the published account behind scenario D1 in docs/design.md"
EXPECTED = {"keras": ("BN101", "BN109"), "tf_keras": ("BN101", "BN109")}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    parts = [keras.Input((8, 8, 1))]
    for _ in range(10):
        parts += [
            layers.SeparableConv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(6.0),
        ]
    model = keras.Sequential([*parts, layers.GlobalAveragePooling2D(), layers.Dense(10)])
    optimizer = keras.optimizers.RMSprop(1e-4)
    loss_of = class_loss(keras)
    bench.watch(model)

    @tf.function
    def train_cls_step(image: Any, label: Any) -> Any:
        with tf.GradientTape() as tape:
            predictions = model(image)  # the fault: BN101, BN109
            loss = loss_of(label, predictions)
        descend(optimizer, tape, loss, model.trainable_variables)
        return predictions

    spread: list[float] = []
    bench.evidence(lambda: spread and spread[-1] < 1e-3)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=32, steps=60), start=1):
        outputs = train_cls_step(x, y).numpy()
        spread.append(float(outputs.std(axis=0).max()))
        if step % 10 == 0:
            bench.probe(model, data.x_val[:64], data.y_val[:64], step=step, loss=loss_of)
        bench.record(model, step)
    weights = model.get_weights()
    by_batch = model(data.x_val, training=True).numpy().std(axis=0).max()
    model.set_weights(weights)
    bench.faulty(max(spread) < 1e-3, f"the outputs of a batch are alike: {max(spread):.1e}")
    bench.faulty(by_batch > 0.05, f"with batch statistics they are not: {by_batch:.2f}")
    bench.final(model)
