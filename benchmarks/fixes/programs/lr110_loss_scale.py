"""A loop with a loss scale by which Keras 3 alone divides, and with tf_keras nobody does."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import batches, digits
from benchmarks.findings.loss_scales import with_loss_scale
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import step_ratio

RULE = "LR110"
NUMBER = "step over learning rate, over the gradient of the loss"
HEALTHY = (0.99, 1.01)
RATE = 1e-4


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    model = dense_net(keras, norm=keras.layers.LayerNormalization())
    optimizer = with_loss_scale(keras, keras.optimizers.SGD(RATE))
    optimizer.build(model.trainable_variables)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    is_legacy = hasattr(optimizer, "get_scaled_loss")
    bench.watch(model, optimizer=optimizer)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = loss_fn(y, y_pred)
            if is_legacy:
                loss = optimizer.get_scaled_loss(loss)
            elif cure:
                loss = optimizer.scale_loss(loss)
        gradients = tape.gradient(loss, model.trainable_variables)
        if is_legacy:
            if cure:
                gradients = optimizer.get_unscaled_gradients(gradients)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return y_pred

    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=8), start=1):
        y_pred = train_step(tf.constant(x), tf.constant(y))
        bench.loss_reduction(loss_fn, y, y_pred, step=step)
        bench.record(model, step)
    return step_ratio(model, train_step, loss_fn, data, rate=RATE)
