"""A mean teacher: the teacher is never trained, its weights follow those of the student."""

import keras
import numpy as np
import tensorflow as tf

import tb_bnplugin

keras.utils.set_random_seed(0)


def network(name: str) -> keras.Model:
    layers = [keras.layers.Dense(16), keras.layers.BatchNormalization(momentum=0.9, name="bn")]
    return keras.Sequential([keras.Input((8,)), *layers, keras.layers.Dense(3)], name=name)


student, teacher = network("student"), network("teacher")
teacher.set_weights(student.get_weights())
teacher.trainable = False
optimizer = keras.optimizers.SGD(0.1)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
random = np.random.default_rng(0)
x = tf.constant(random.normal(2.0, 3.0, (32, 8)), tf.float32)
y = tf.constant(random.integers(0, 3, 32))


@tf.function
def train_step(noise: tf.Tensor) -> None:
    targets = teacher(x, training=False)
    with tf.GradientTape() as tape:
        logits = student(x + noise, training=True)
        loss = loss_fn(y, logits) + tf.reduce_mean(tf.square(logits - targets))
    weights = student.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
    for slow, fast in zip(teacher.variables, student.variables, strict=True):
        slow.assign(0.9 * slow + 0.1 * fast)


watches = [tb_bnplugin.watch(model) for model in (student, teacher)]
with tf.summary.create_file_writer("logs/mean_teacher").as_default():
    for step in range(1, 41):
        train_step(tf.random.normal((32, 8), stddev=0.1))
        for model in (student, teacher):
            tb_bnplugin.summary.batch_norm(model, step=step)
    with watches[1].evaluating():
        accuracy = tf.reduce_mean(tf.cast(tf.argmax(teacher(x, training=False), 1) == y, "float32"))

print("\n\n".join(watch.ledger() for watch in watches))
