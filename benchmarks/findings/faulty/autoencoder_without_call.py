"""A variational autoencoder with a `train_step` and no `call`: its nets run in inference mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/keras-team/keras-io/issues/38"
EXPECTED = {"keras": ("BN101",), "tf_keras": ("BN101",)}
LATENT = 6


def _net(keras: Any, inputs: int, outputs: int, name: str) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(48),
            layers.BatchNormalization(momentum=0.9),
            layers.LeakyReLU(),
            layers.Dense(outputs),
        ],
        name=name,
    )


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    class VAE(keras.Model):
        def __init__(self, encoder: Any, decoder: Any) -> None:
            super().__init__()
            self.encoder, self.decoder = encoder, decoder

        def train_step(self, images: Any) -> Any:
            with tf.GradientTape() as tape:
                mean, log_variance = tf.split(self.encoder(images), 2, axis=1)  # the fault: BN101
                noise = tf.random.normal(tf.shape(mean))
                # the fault: BN101
                decoded = self.decoder(mean + tf.exp(0.5 * log_variance) * noise)
                error = tf.reduce_mean(tf.square(images - decoded))
                divergence = 1.0 + log_variance - tf.square(mean) - tf.exp(log_variance)
                loss = error - 1e-3 * tf.reduce_mean(divergence)
            descend(self.optimizer, tape, loss, self.trainable_weights)
            return {"loss": loss, "error": error}

    model = VAE(_net(keras, 64, 2 * LATENT, "encoder"), _net(keras, LATENT, 64, "decoder"))
    model.compile(keras.optimizers.Adam(3e-3))
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and at_start(model))
    history = model.fit(
        data.x, batch_size=48, epochs=5, verbose=0, callbacks=bench.callbacks()
    ).history
    hidden = np.asarray(model.encoder.layers[0](data.x))
    bench.faulty(learns() and at_start(model), "the weights are trained, the statistics are not")
    bench.faulty(history["error"][-1] < history["error"][0], "the error falls")
    bench.faulty(abs(hidden.var(0).mean() - 1.0) > 0.1, "the variance to normalize by is not 1")
    bench.final(model)
