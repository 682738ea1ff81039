"""A layer of one's own that moves its mean and forgets to move its variance."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.layers import OwnNorm
from benchmarks.findings.nets import class_loss, dense_net

REPORT = "https://github.com/keras-team/keras-core/issues/338"
EXPECTED = {"keras": ("BN209",), "tf_keras": ("BN209",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    class Norm(OwnNorm, keras.layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:  # the fault: BN209
            mean, variance = self.moving_mean, self.moving_variance
            if training:
                mean, variance = self.moments(x)
                self.move(self.moving_mean, mean)
            return self.normalize(x, mean, variance)

    norm = Norm(name="norm")
    model = dense_net(keras, units=32, norm=norm)
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model(data.x[:1])

    def half() -> bool:
        return bool(norm.moving_mean.numpy().any() and (norm.moving_variance.numpy() == 1).all())

    bench.evidence(half)
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(half(), "the moving mean moves, the moving variance is 1")
    bench.final(model)
