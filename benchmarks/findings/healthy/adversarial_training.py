"""Adversarial training: in each step an attack in inference mode, then training on its images."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import dense_net

REPORT = "https://www.tensorflow.org/tutorials/generative/adversarial_fgsm"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, units=64, use_bias=False, momentum=0.9)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(3e-3)

    @tf.function
    def attack(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = loss_fn(y, model(x, training=False))
        return tf.clip_by_value(x + 0.1 * tf.sign(tape.gradient(loss, x)), 0.0, 1.0)

    train_step = training_step(model, optimizer, loss_fn)

    watch = bench.watch(model)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=300), 1):
        images, labels = tf.constant(x), tf.constant(y)
        train_step(tf.concat([images, attack(images, labels)], 0), tf.concat([labels, labels], 0))
        bench.record(model, step)
    with watch.evaluating():
        clean = accuracy(model(data.x_val, training=False), data.y_val)
    attacked = attack(tf.constant(data.x_val), tf.constant(data.y_val))
    with watch.evaluating():
        robust = accuracy(model(attacked, training=False), data.y_val)
    watch.close()
    bench.accurate(clean)
    bench.healthy(robust > 0.75, f"accuracy on attacked images {robust:.3f} is above 0.75")
    bench.final(model)
