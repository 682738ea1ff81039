"""A slip in a layer of one's own: both updates are written into the moving variance."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.layers import OwnNorm
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/keras-team/keras-core/pull/339"
EXPECTED = {"keras": ("BN209",), "tf_keras": ("BN209",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class Norm(OwnNorm, keras.layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            mean, variance = self.moving_mean, self.moving_variance
            if training:
                mean, variance = self.moments(x)
                self.move(self.moving_variance, mean)  # the fault: BN209
                self.move(self.moving_variance, variance)
            return self.normalize(x, mean, variance)

    norm = Norm(name="norm")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3),
            norm,
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    optimizer, loss_of = keras.optimizers.Adam(1e-3), class_loss(keras)
    bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    def half() -> bool:
        variance_moved = (norm.moving_variance.numpy() != 1).any()
        return bool(variance_moved and not norm.moving_mean.numpy().any())

    bench.evidence(half)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        train_step(x, y)
        bench.record(model, step)
    bench.faulty(half(), "the moving variance moves, the moving mean is 0")
    bench.final(model)
