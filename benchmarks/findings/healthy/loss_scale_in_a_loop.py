"""A loop in mixed precision: the loss is scaled, and the gradients are divided again."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import accuracy, batches, digits
from benchmarks.findings.loss_scales import with_loss_scale
from benchmarks.findings.nets import class_loss

REPORT = "https://www.tensorflow.org/guide/mixed_precision"


def run(keras: Any, bench: Bench) -> None:
    data, layers = digits().flat(), keras.layers
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = keras.Sequential(
            [
                keras.Input((64,)),
                layers.Dense(64, use_bias=False),
                layers.BatchNormalization(momentum=0.9),
                layers.ReLU(),
                layers.Dense(10, dtype="float32"),
            ]
        )
    finally:
        keras.mixed_precision.set_global_policy("float32")
    optimizer, loss_of = with_loss_scale(keras, keras.optimizers.SGD(0.1)), class_loss(keras)
    watch = bench.watch(model)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = loss_of(y, outputs)
            is_legacy = hasattr(optimizer, "get_scaled_loss")
            scaled = optimizer.get_scaled_loss(loss) if is_legacy else optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, model.trainable_variables)
        if is_legacy:
            gradients = optimizer.get_unscaled_gradients(gradients)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, outputs

    for step, (x, y) in enumerate(batches(data.x, data.y, size=64, steps=200), start=1):
        loss, outputs = train_step(tf.constant(x), tf.constant(y))
        bench.loss_reduction(loss_of, y, outputs, value=loss, step=step)
        bench.record(model, step)
    with watch.evaluating():
        right = accuracy(model(data.x_val, training=False), data.y_val)
    watch.close()
    bench.accurate(right)
    bench.final(model)
