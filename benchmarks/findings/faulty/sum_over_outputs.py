"""An autoencoder's error is summed over the pixels in the loop, where `fit` averages them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "the published account behind scenario D3 in docs/design.md"
EXPECTED = {"keras": ("LR102",), "tf_keras": ("LR102",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, units=16, outputs=64, momentum=0.9)
    optimizer = keras.optimizers.SGD(0.01)
    bench.watch(model)

    def reconstruction(image: Any, decoded: Any) -> Any:
        # the fault: LR102
        return tf.reduce_mean(tf.reduce_sum(tf.square(image - decoded), axis=-1))

    @tf.function
    def train_step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            decoded = model(x, training=True)
            loss = reconstruction(x, decoded)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, decoded

    factors: list[float] = []
    bench.evidence(lambda: abs(factors[-1] - 64) < 0.1)
    for step, (x, _) in enumerate(batches(data.x, data.y, size=32, steps=50), start=1):
        loss, decoded = train_step(x)
        factors.append(float(loss) / float(np.mean((x - decoded.numpy()) ** 2)))
        bench.loss_reduction(reconstruction, x, decoded, step=step, value=loss)
        bench.record(model, step)
    bench.faulty(abs(factors[-1] - 64) < 0.1, f"{factors[-1]:.1f} times the mean squared error")
    bench.final(model)
