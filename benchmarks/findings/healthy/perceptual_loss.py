"""A pretrained net in inference mode measures, within the tape, how like two images look."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import trained_base

REPORT = "https://arxiv.org/abs/1603.08155"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    features = trained_base(keras, data, momentum=0.9)
    generator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )

    class Denoiser(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator, self.features = generator, features

        def call(self, x: Any) -> Any:
            return self.generator(x, training=False)

        def train_step(self, batch: Any) -> Any:
            noisy, clean = batch
            with tf.GradientTape() as tape:
                made = self.generator(noisy, training=True)
                seen = self.features(made, training=False)
                wanted = self.features(clean, training=False)
                loss = tf.reduce_mean((seen - wanted) ** 2) + tf.reduce_mean((made - clean) ** 2)
            descend(self.optimizer, tape, loss, self.generator.trainable_variables)
            return {"loss": loss}

    random = np.random.default_rng(0)

    def add_noise(images: Any) -> Any:
        return (images + random.normal(0.0, 0.4, images.shape)).astype("float32")

    denoiser = Denoiser()
    denoiser.compile(keras.optimizers.Adam(3e-3))
    noisy, noisy_val = add_noise(data.x), add_noise(data.x_val)
    denoiser.fit(noisy, data.x, batch_size=48, epochs=8, verbose=0, callbacks=bench.callbacks())
    made = generator.predict(noisy_val, verbose=0)
    before = float(np.mean((noisy_val - data.x_val) ** 2))
    after = float(np.mean((made - data.x_val) ** 2))
    bench.healthy(after < 0.4 * before, f"squared error {after:.4f}, of the noisy {before:.4f}")
    bench.final(denoiser)
