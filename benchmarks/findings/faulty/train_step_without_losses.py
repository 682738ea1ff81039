"""A `train_step` differentiates the loss of its batch alone; the layers have regularizers."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/tensorflow/tensorflow/issues/33635"
EXPECTED = {"keras": ("LR106",), "tf_keras": ("LR106",)}
RATE, DECAY = 0.05, 0.02


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers, penalty = keras.layers, keras.regularizers.L2(DECAY)

    class Penalized(keras.Model):
        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                loss = class_loss(keras)(y, self(x, training=True))  # the fault: LR106
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    pixels = keras.Input((64,))
    first = layers.Dense(48, kernel_regularizer=penalty)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(first(pixels)))
    model = Penalized(pixels, layers.Dense(10, kernel_regularizer=penalty)(x))
    model.compile(keras.optimizers.SGD(RATE))
    start = np.array(first.kernel[0])  # of the first pixel, which is 0 in all images: decay alone

    def is_kept() -> bool:
        """Whether the weights of the first pixel stay what they were: no regularizer pulls."""
        return bool(np.array_equal(np.array(first.kernel[0]), start))

    bench.evidence(is_kept)
    model.fit(data.x, data.y, batch_size=48, epochs=3, verbose=0, callbacks=bench.callbacks())
    bench.faulty((data.x[:, 0] == 0).all(), "the first pixel is 0 in all images")
    bench.faulty(is_kept(), f"its weights do not decay, which {DECAY} asks for")
    bench.final(model)
