"""Gradient accumulation: four small batches are run for each step of the optimizer."""

import keras
import numpy as np
import tensorflow as tf

import tb_bnplugin

keras.utils.set_random_seed(0)

PARTS = 4
model = keras.Sequential(
    [
        keras.Input((8,)),
        keras.layers.Dense(16),
        keras.layers.BatchNormalization(momentum=0.9, name="bn"),
        keras.layers.ReLU(),
        keras.layers.Dense(3),
    ],
    name="accumulating",
)
optimizer = keras.optimizers.SGD(0.1)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
random = np.random.default_rng(0)
x, y = random.normal(size=(128, 8)).astype("float32"), random.integers(0, 3, 128)
sums = [tf.Variable(tf.zeros_like(weight)) for weight in model.trainable_variables]


@tf.function
def accumulate(x: tf.Tensor, y: tf.Tensor) -> None:
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True)) / PARTS
    for total, gradient in zip(sums, tape.gradient(loss, model.trainable_variables), strict=True):
        total.assign_add(gradient)


watches = [tb_bnplugin.watch(model)]
with tf.summary.create_file_writer("logs/gradient_accumulation").as_default():
    for step in range(1, 26):
        for part in range(PARTS):
            rows = slice(32 * part, 32 * (part + 1))
            accumulate(x[rows], y[rows])
        optimizer.apply_gradients(zip(sums, model.trainable_variables, strict=True))
        for total in sums:
            total.assign(tf.zeros_like(total))
        tb_bnplugin.summary.batch_norm(model, step=step)
    with watches[0].evaluating():
        accuracy = np.mean(np.argmax(model(x, training=False), 1) == y)

print("\n\n".join(watch.ledger() for watch in watches))
