"""Pairs of steps that do the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.twin_pairs import (
    CLASSES,
    FEATURES,
    ROWS,
    Pair,
    batch,
    compiled,
    cross_entropy,
    loop,
    norm_net,
    same,
    simple,
)


@same
def traced_loop(keras: Any) -> Pair:
    return simple(keras)


@same
def eager_loop(keras: Any) -> Pair:
    return simple(keras, traced=False)


@same
def dropout_and_penalties(keras: Any) -> Pair:
    import tensorflow as tf

    net = norm_net(keras, dropout=0.4, kernel_regularizer="l2", activity_regularizer="l1")
    loss = cross_entropy(keras)
    return simple(keras, lambda y, p: loss(y, p) + tf.add_n(net.losses), net=net)


@same
def penalty_written_by_hand(keras: Any) -> Pair:
    import tensorflow as tf

    net, loss = norm_net(keras, kernel_regularizer="l2"), cross_entropy(keras)
    kernel = net.get_layer("hidden").kernel
    return simple(
        keras,
        lambda y, p: loss(y, p) + 0.01 * tf.reduce_sum(tf.square(tf.convert_to_tensor(kernel))),
        net=net,
    )


@same
def adam_after_some_steps(keras: Any) -> Pair:
    x, y = batch()
    model = norm_net(keras)
    model.compile(keras.optimizers.Adam(1e-2), cross_entropy(keras))
    step = loop(model, keras.optimizers.Adam(1e-2), cross_entropy(keras), traced=False)
    for _ in range(3):
        step(x, y)
    return Pair(model=model, step=step, x=x, y=y)


@same
def traced_before(keras: Any) -> Pair:
    pair = simple(keras)
    pair.step(pair.x, pair.y)
    return pair


@same
def method_of_a_trainer(keras: Any) -> Pair:
    import tensorflow as tf

    class Trainer:
        def __init__(self) -> None:
            self.model = compiled(keras, norm_net(keras))
            self.optimizer = keras.optimizers.SGD(0.1)
            self.loss = cross_entropy(keras)
            self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")

        @tf.function
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                outputs = self.model(x, training=True)
                loss = self.loss(y, outputs)
            weights = self.model.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            self.accuracy.update_state(y, outputs)
            return {"loss": loss}

    trainer, (x, y) = Trainer(), batch()
    return Pair(model=trainer.model, step=trainer.train_step, x=x, y=y, held=trainer)


@same
def dict_of_a_batch(keras: Any) -> Pair:
    pair = simple(keras)
    inner = pair.step
    pair.step = lambda rows: inner(rows["features"], rows["label"])
    pair.options = {"batch": {"features": pair.x, "label": pair.y}}
    return pair


@same
def weights_of_rows(keras: Any) -> Pair:
    import tensorflow as tf

    pair = simple(keras)
    model, optimizer, loss_of = pair.model, keras.optimizers.SGD(0.1), cross_entropy(keras)
    if not hasattr(model, "_tracker"):
        model.compile(keras.optimizers.SGD(0.1), cross_entropy(keras))

    @tf.function
    def train_step(x: Any, y: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True), sample_weight=weights)
        trained = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, trained), trained, strict=True))
        return loss

    weights = np.linspace(0.5, 1.5, ROWS).astype(np.float32)
    pair.step, pair.options = train_step, {"sample_weight": weights}
    return pair


@same
def fit_against_itself(keras: Any) -> Pair:
    pair = simple(keras, net=norm_net(keras, dropout=0.4))
    pair.step = ("fit", "fit")
    return pair


@same
def one_step_twice(keras: Any) -> Pair:
    pair = simple(keras, net=norm_net(keras, dropout=0.4))
    pair.step = (pair.step, pair.step)
    return pair


@same
def sequential_and_functional(keras: Any) -> Pair:
    x, y = batch()
    inputs = keras.Input((FEATURES,))
    hidden = keras.layers.Dense(16)(inputs)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization()(hidden))
    functional = keras.Model(inputs, keras.layers.Dense(CLASSES)(hidden))
    models = compiled(keras, norm_net(keras)), compiled(keras, functional)
    return Pair(model=models, step=None, x=x, y=y)
