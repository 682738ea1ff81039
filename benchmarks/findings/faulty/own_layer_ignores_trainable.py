"""A batch normalization layer of one's own, frozen for fine-tuning, goes on moving."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.layers import OwnNorm
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat, statistics

REPORT = "https://github.com/keras-team/keras/issues/7085"
EXPECTED = {"keras": ("BN107",), "tf_keras": ("BN107",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()

    class Norm(OwnNorm, keras.layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:  # the fault: BN107
            mean, variance = self.moving_mean, self.moving_variance
            if training:  # though it is frozen
                mean, variance = self.moments(x)
                self.move(self.moving_mean, mean)
                self.move(self.moving_variance, variance)
            return self.normalize(x, mean, variance)

    norm = Norm(name="norm")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, name="conv"),
            norm,
            keras.layers.ReLU(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model.fit(data.x, data.y, epochs=3, batch_size=48, verbose=0)
    model.get_layer("conv").trainable = norm.trainable = False
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    gamma = changes(lambda: flat([norm.gamma]))
    moved = changes(lambda: statistics(model))
    bench.evidence(lambda: moved() and not norm.trainable)
    model.fit(1.0 - data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(moved(), "the statistics of the frozen layer move")
    bench.faulty(not gamma(), "its gamma does not")
    bench.final(model)
