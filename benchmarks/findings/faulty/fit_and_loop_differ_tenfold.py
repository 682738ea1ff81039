"""The same network by `fit` with 'mse' and by a loop with `reduce_sum / 32`: ten times the step."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits, one_hot
from benchmarks.findings.loops import descend

REPORT = "the published account behind scenario D3 in docs/design.md"
EXPECTED = {"keras": ("CR101", "LR102"), "tf_keras": ("CR101", "LR102")}


def _network(keras: Any) -> Any:
    keras.utils.set_random_seed(3)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ],
        name="dense_network",
    )


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    y = one_hot(data.y)
    with bench.run("fit"):
        fitted = _network(keras)
        fitted.compile(keras.optimizers.SGD(0.01), "mse")
        probe_data = (data.x_val[:32], one_hot(data.y_val[:32]))
        callbacks = bench.callbacks(probe_data=probe_data)
        fitted.fit(data.x, y, epochs=2, batch_size=32, verbose=0, callbacks=callbacks)

    def loss_of(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_sum(tf.square(y_pred - y_true)) / 32.0  # the fault: LR102

    with bench.run("loop"):
        model = _network(keras)
        optimizer = keras.optimizers.SGD(0.01)
        bench.watch(model)
        ratios: list[float] = []
        bench.evidence(lambda: ratios and 9.9 < ratios[-1] < 10.1)
        for step, (x, labels) in enumerate(batches(data.x, y, size=32, steps=90), start=1):
            with tf.GradientTape() as tape:
                out = model(x)
                loss = loss_of(labels, out)
            descend(optimizer, tape, loss, model.trainable_variables)
            ratios.append(float(loss) / float(np.mean((out.numpy() - labels) ** 2)))
            if step % 5 == 1:
                bench.loss_reduction(loss_of, labels, out, step=step, value=loss)
            bench.record(model, step)
    bench.faulty(9.9 < ratios[-1] < 10.1, f"the losses' factor is {ratios[-1]:.2f}")
    by_fit = accuracy(fitted.predict(data.x_val, verbose=0), data.y_val)
    by_loop = accuracy(model(data.x_val), data.y_val)
    bench.faulty(by_loop > by_fit + 0.1, f"accuracy {by_fit:.2f} by fit, {by_loop:.2f} by loop")
    bench.final([fitted, model])
