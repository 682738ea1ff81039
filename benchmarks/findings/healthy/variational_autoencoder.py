"""A variational autoencoder: a layer adds the divergence by `add_loss`, and `fit` adds it in."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/examples/generative/vae/"
CODE = 4
SPREAD = 0.2  # standard deviation of a pixel about the decoder's


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers

    class Sampling(layers.Layer):  # type: ignore[name-defined]
        def call(self, inputs: Any) -> Any:
            mean, log_variance = inputs
            each = 1 + log_variance - tf.square(mean) - tf.exp(log_variance)
            self.add_loss(-0.5 * tf.reduce_mean(tf.reduce_sum(each, axis=1)))
            return mean + tf.exp(0.5 * log_variance) * tf.random.normal(tf.shape(mean))

    inputs = keras.Input((64,))
    x = layers.Dense(48, use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    mean, log_variance = layers.Dense(CODE)(x), layers.Dense(CODE)(x)
    code = Sampling()([mean, log_variance])
    decoder = dense_net(
        keras,
        inputs=CODE,
        outputs=64,
        use_bias=False,
        activation="sigmoid",
        name="decoder",
        momentum=0.9,
    )
    model = keras.Model(inputs, decoder(code), name="vae")

    def reconstruction(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_sum(tf.square(y_true - y_pred), axis=-1) / (2 * SPREAD**2)

    model.compile(keras.optimizers.Adam(5e-3), reconstruction)
    fit(
        model,
        (data.x, data.x),
        (data.x_val, data.x_val),
        bench.callbacks(),
        batch_size=48,
        epochs=10,
    )
    restored = model.predict(data.x_val, verbose=0)
    error = float(np.mean(np.square(restored - data.x_val)))
    plain = float(np.mean(np.square(data.x.mean(axis=0) - data.x_val)))
    bench.healthy(error < 0.7 * plain, f"error {error:.4f}, that of the mean image {plain:.4f}")
    bench.final(model)
