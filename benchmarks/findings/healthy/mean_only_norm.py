"""Mean-only batch normalization: a class of one's own that never touches the variance."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://arxiv.org/abs/1602.07868"


def _mean_only(keras: Any) -> Any:
    class MeanOnly(keras.layers.BatchNormalization):
        """Takes the mean of the batch away, and leaves the scale to the weights."""

        def call(self, inputs: Any, training: Any = None) -> Any:
            mean = self.moving_mean
            if training and self.trainable:
                mean = tf.reduce_mean(inputs, axis=[0, 1, 2])
                kept = self.momentum * self.moving_mean
                self.moving_mean.assign(kept + (1.0 - self.momentum) * mean)
            return inputs - mean + self.beta

    return MeanOnly


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    norm = _mean_only(keras)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, use_bias=False),
            norm(momentum=0.9, scale=False),
            layers.ReLU(),
            layers.Conv2D(16, 3, use_bias=False),
            norm(momentum=0.9, scale=False),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=6)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
