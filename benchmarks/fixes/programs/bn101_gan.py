"""The `train_step` of a GAN, which only holds two models, calls the generator in inference mode."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.loops import descend
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits
from benchmarks.fixes.results import NAMED

RULE = "BN101"
NUMBER = "moving over batch variance of the generator"
HEALTHY = (0.5, 2.0)
SPANS = {"train_step": NAMED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    losses = keras.losses.BinaryCrossentropy(from_logits=True)
    norm = keras.layers.BatchNormalization(momentum=0.8)

    class Gan(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.generator = keras.Sequential(
                [
                    keras.Input((8,)),
                    keras.layers.Dense(32, kernel_initializer="he_normal"),
                    norm,
                    keras.layers.Dense(64),
                ]
            )
            self.discriminator = keras.Sequential(
                [keras.Input((64,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(1)]
            )

        def train_step(self, real: Any) -> Any:
            z = 5.0 * tf.random.normal((48, 8))
            with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
                if cure:
                    fake = self.generator(z, training=True)
                else:
                    fake = self.generator(z)
                on_real, on_fake = self.discriminator(real), self.discriminator(fake)
                d_loss = losses(tf.ones_like(on_real), on_real)
                d_loss += losses(tf.zeros_like(on_fake), on_fake)
                g_loss = losses(tf.ones_like(on_fake), on_fake)
            descend(self.d_optimizer, d_tape, d_loss, self.discriminator.trainable_variables)
            descend(self.optimizer, g_tape, g_loss, self.generator.trainable_variables)
            return {"d_loss": d_loss, "g_loss": g_loss}

    model = Gan()
    model.d_optimizer = keras.optimizers.Adam(1e-3)
    model.compile(keras.optimizers.Adam(1e-3))
    data = raw_digits()
    model.fit(data.x - 300.0, batch_size=48, epochs=2, verbose=0, callbacks=bench.callbacks())
    entering = model.generator.layers[0](5.0 * tf.random.normal((500, 8))).numpy()
    return float(norm.moving_variance.numpy().mean() / entering.var(axis=0).mean())
