"""A GAN: two models, two tapes, and a discriminator that sees real and fake in turn."""

import keras
import numpy as np
import tensorflow as tf

import tb_bnplugin

keras.utils.set_random_seed(0)


def network(name: str, outputs: int) -> keras.Model:
    layers = [keras.layers.Dense(16), keras.layers.BatchNormalization(momentum=0.9, name="bn")]
    layers += [keras.layers.ReLU(), keras.layers.Dense(outputs)]
    return keras.Sequential([keras.Input((8,)), *layers], name=name)


generator, discriminator = network("generator", 8), network("discriminator", 1)
optimizers = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3)
loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)
real = tf.constant(np.random.default_rng(0).normal(3.0, 2.0, (32, 8)), tf.float32)


@tf.function
def train_step() -> None:
    with tf.GradientTape() as tape_g, tf.GradientTape() as tape_d:
        fake = generator(tf.random.normal((32, 8)), training=True)
        on_real, on_fake = discriminator(real, training=True), discriminator(fake, training=True)
        ones, zeros = tf.ones_like(on_real), tf.zeros_like(on_fake)
        loss_g, loss_d = loss_fn(ones, on_fake), loss_fn(ones, on_real) + loss_fn(zeros, on_fake)
    for optimizer, tape, loss, model in (
        (optimizers[0], tape_g, loss_g, generator),
        (optimizers[1], tape_d, loss_d, discriminator),
    ):
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


watches = [tb_bnplugin.watch(model) for model in (generator, discriminator)]
with tf.summary.create_file_writer("logs/gan").as_default():
    for step in range(1, 41):
        train_step()
        if step % 20 == 0:
            pictures = generator(tf.random.normal((4, 8)), training=False)
        for model in (generator, discriminator):
            tb_bnplugin.summary.batch_norm(model, step=step)

print("\n\n".join(watch.ledger() for watch in watches))
