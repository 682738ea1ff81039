"""An evaluation function whose `training` defaults to True is tried before the watch begins."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import statistics

REPORT = "https://github.com/clvrai/SSGAN-Tensorflow/issues/11"
EXPECTED = {"keras": ("BN104",), "tf_keras": ("BN104",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    held = 0.5 + 1.5 * data.x_val  # from another scanner
    model = dense_net(keras, units=64, momentum=0.9)

    @tf.function
    def answer(x: Any, training: bool = True) -> Any:  # the fault: BN104
        return model(x, training=training)

    def evaluate() -> float:
        parts = [answer(tf.constant(held[at : at + 51])).numpy() for at in range(0, 357, 51)]
        return accuracy(np.concatenate(parts), data.y_val)

    untrained = evaluate()
    watch = bench.watch(model)
    train_step = training_step(model, keras.optimizers.Adam(5e-3), class_loss(keras))

    moved: list[float] = []
    bench.evidence(lambda: moved and moved[-1] > 0.1)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=90), start=1):
        train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
        if step % 30 == 0:
            before = statistics(model)
            with watch.evaluating():
                trained = evaluate()
                moved.append(float(np.abs(statistics(model) - before).max()))
    bench.faulty(min(moved) > 0.1, f"each evaluation moves the statistics, by {min(moved):.2f}")
    bench.faulty(trained > untrained + 0.3, "and what it tells looks well")
    bench.final(model)
