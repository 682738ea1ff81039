"""A base runs with batch statistics while only the head trains; its own stay the source's."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, trained_base
from benchmarks.findings.variables import norms

REPORT = "https://github.com/keras-team/keras/issues/9214"
EXPECTED = {"keras": ("BN202",), "tf_keras": ("BN202",)}
MISS_REASON = {
    "BN202": "momentum 0.999 remembers 1,000 updates and the program makes 90: the rule does not"
    " judge a gap that the average has not had the time to close"
}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    base = trained_base(keras, data, epochs=12, momentum=0.9)
    for norm in norms(base):
        norm.momentum = 0.999  # as the published base has it
    shifted = 4.0 + 3.0 * data.x
    held = 4.0 + 3.0 * data.x_val
    model = keras.Sequential([base, keras.layers.Dense(10)])
    model(shifted[:1], training=False)
    head = model.layers[-1]
    optimizer, loss_of = keras.optimizers.Adam(1e-2), class_loss(keras)
    watch = bench.watch(model)

    @tf.function
    def train_head(x: Any, y: Any) -> Any:
        features = base(x, training=True)
        with tf.GradientTape() as tape:
            loss = loss_of(y, head(features))
        descend(optimizer, tape, loss, head.trainable_variables)
        return loss

    first = norms(base)[0]
    means = base.layers[1](shifted, training=False).numpy().reshape(-1, 8)
    gap = np.abs(first.moving_mean.numpy() - means.mean(0)) / means.std(0)
    bench.evidence(lambda: bool(np.median(gap) > 1.0) and bench.calls > 1)
    scores: list[float] = []
    for step, (x, y) in enumerate(batches(shifted, data.y, size=48, steps=90), start=1):
        train_head(x, y)
        bench.record(model, step)
        if step % 30 == 0:
            bench.probe(model, held[:128], data.y_val[:128], step=step, loss=loss_of)
            with watch.evaluating():
                scores.append(accuracy(model(held, training=False), data.y_val))
    weights = model.get_weights()
    batch = accuracy(head(base(held, training=True)), data.y_val)
    model.set_weights(weights)
    bench.faulty(scores[-1] < 0.5 < batch, f"accuracy {scores[-1]:.2f}, by batch {batch:.2f}")
    bench.final(model)
