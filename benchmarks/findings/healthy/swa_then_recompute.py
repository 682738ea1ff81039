"""Weights averaged over the last epochs, then one pass that computes the statistics anew."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import fit

REPORT = "https://github.com/simon-larsson/keras-swa/pull/2"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(24, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dense(10),
        ]
    )

    class Averaging(keras.callbacks.Callback):
        """Mean of the weights at the end of each epoch from the fifth on."""

        def __init__(self) -> None:
            super().__init__()
            self.mean: list[Any] = []
            self.epochs = 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch < 4:
                return
            now = [value.numpy() for value in self.model.trainable_weights]
            self.epochs += 1
            self.mean = [
                old + (new - old) / self.epochs
                for old, new in zip(self.mean or now, now, strict=True)
            ]

    averaging = Averaging()
    model.compile(
        keras.optimizers.SGD(0.2, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fit(model, data.train, data.held, [averaging, *bench.callbacks()], batch_size=32, epochs=10)
    watch = bench.watch(model)
    for variable, value in zip(model.trainable_weights, averaging.mean, strict=True):
        variable.assign(value)
    last = 10 * len(data.x) // 32
    for step, (x, _) in enumerate(batches(data.x, data.y, size=32, steps=60), last + 1):
        model(x, training=True)
        bench.record(model, step)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    bench.healthy(right > 0.94, f"validation accuracy of the mean weights {right:.3f}")
    bench.final(model)
