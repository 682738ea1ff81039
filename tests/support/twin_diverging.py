"""Pairs of a step of `fit` and one of a loop that part, after `benchmarks/findings`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.twin_pairs import (
    CLASSES,
    FEATURES,
    Pair,
    batch,
    compiled,
    cross_entropy,
    diverging,
    loop,
    norm_net,
    one_hot,
    simple,
)


@diverging("loss", "32 times the loss of fit, the rows (32)")
def sum_over_the_rows(keras: Any) -> Pair:
    return simple(keras, cross_entropy(keras, reduction="sum"))


@diverging("loss", "a tensor (32,) is differentiated")
def vector_loss_in_tape(keras: Any) -> Pair:
    import tensorflow as tf

    return simple(
        keras,
        lambda y, p: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p),
    )


@diverging("loss", "0.1 times the loss of fit, divided by the outputs of a row (10)")
def mean_over_outputs(keras: Any) -> Pair:
    import tensorflow as tf

    def summed(labels: Any, outputs: Any) -> Any:
        return tf.reduce_sum(tf.square(labels - outputs), axis=-1)

    pair = simple(keras, lambda y, p: tf.reduce_mean(tf.square(y - p)), loss=summed)
    pair.y = one_hot(pair.y)
    return pair


@diverging("loss", "1024 times the loss of fit")
def loss_scale_not_taken_off(keras: Any) -> Pair:
    loss = cross_entropy(keras)
    return simple(keras, lambda y, p: 1024.0 * loss(y, p))


@diverging("loss", "another loss")
def label_smoothing(keras: Any) -> Pair:
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    pair = simple(keras, loss, loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    pair.y = one_hot(pair.y)
    return pair


@diverging("loss", "another loss")
def softmax_twice_in_a_loop(keras: Any) -> Pair:
    import tensorflow as tf

    def of_logits(labels: Any, outputs: Any) -> Any:
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=outputs)
        )

    loss = keras.losses.SparseCategoricalCrossentropy()
    return simple(keras, of_logits, net=norm_net(keras, last="softmax"), loss=loss)


@diverging("loss", "another loss")
def labels_broadcast_in_loop(keras: Any) -> Pair:
    import tensorflow as tf

    net = keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    pair = simple(keras, lambda y, p: tf.reduce_mean(tf.square(y - p)), net=net, loss="mse")
    pair.y = pair.y.astype(np.float32)
    return pair


@diverging("regularization", "(hidden/kernel): once in the loss of fit, not in that of train_step")
def regularizer_left_out(keras: Any) -> Pair:
    return simple(keras, net=norm_net(keras, kernel_regularizer="l2"))


@diverging("regularization", "once in the loss of fit, twice in that of train_step")
def regularizers_counted_twice(keras: Any) -> Pair:
    import tensorflow as tf

    net, loss = norm_net(keras, kernel_regularizer="l2"), cross_entropy(keras)
    return simple(keras, lambda y, p: loss(y, p) + 2.0 * tf.add_n(net.losses), net=net)


@diverging("regularization", "(hidden (add_loss)): once in the loss of fit, not in that")
def activity_penalty_left_out(keras: Any) -> Pair:
    return simple(keras, net=norm_net(keras, activity_regularizer="l2"))


@diverging("inputs", "mean")
def pixels_rescaled_twice(keras: Any) -> Pair:
    return simple(keras, inputs=lambda x: x / 255.0)


@diverging("inputs", "fit calls the model once on 32 rows, train_step 4 times on 8 rows")
def micro_batches_summed(keras: Any) -> Pair:
    import tensorflow as tf

    x, y = batch()
    model, optimizer = compiled(keras, norm_net(keras)), keras.optimizers.SGD(0.1)
    loss_of = cross_entropy(keras)

    @tf.function
    def train_step(x: Any, y: Any) -> None:
        total: Any = None
        for rows, labels in zip(tf.split(x, 4), tf.split(y, 4), strict=True):
            with tf.GradientTape() as tape:
                loss = loss_of(labels, model(rows, training=True))
            given = tape.gradient(loss, model.trainable_variables)
            total = given if total is None else [a + b for a, b in zip(total, given, strict=True)]
        optimizer.apply_gradients(zip(total, model.trainable_variables, strict=True))

    return Pair(model=model, step=train_step, x=x, y=y)


@diverging("modes", "(dropout): training mode in fit, inference mode in train_step")
def dropout_off(keras: Any) -> Pair:
    layers = keras.layers
    net = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(CLASSES),
        ]
    )
    return simple(keras, net=net, training=False)


@diverging("modes", "(norm): training mode in first, inference mode (frozen) in second")
def normalization_frozen_in_one_model(keras: Any) -> Pair:
    x, y = batch()
    models = []
    for name, trains in (("first", True), ("second", False)):
        model = norm_net(keras)
        model.get_layer("norm").trainable = trains
        model = compiled(keras, model)
        vars(model)["_name" if not hasattr(model, "_tracker") else "name"] = name
        models.append(model)
    return Pair(model=tuple(models), step=None, x=x, y=y)


@diverging("gradients", "hands over")
def gradients_clipped(keras: Any) -> Pair:
    import tensorflow as tf

    return simple(keras, change=lambda given: tf.clip_by_global_norm(given, 1e-2)[0])


@diverging("gradients", "get a gradient in fit, and none in train_step")
def only_the_head_trains(keras: Any) -> Pair:
    net = norm_net(keras)
    return simple(keras, net=net, weights=net.get_layer("head").trainable_variables.copy)


@diverging("optimizer", "SGD (learning rate 0.1) against SGD (learning rate 0.01)")
def other_learning_rate(keras: Any) -> Pair:
    pair = simple(keras)
    pair.step = loop(pair.model, keras.optimizers.SGD(0.01), cross_entropy(keras))
    return pair


@diverging("optimizer", "SGD (learning rate 0.1) against Adam (learning rate 0.1)")
def other_optimizer(keras: Any) -> Pair:
    pair = simple(keras)
    pair.step = loop(pair.model, keras.optimizers.Adam(0.1), cross_entropy(keras))
    return pair


@diverging("optimizer", "clipvalue 0.0001")
def clipped_by_the_optimizer(keras: Any) -> Pair:
    pair = simple(keras)
    optimizer = keras.optimizers.SGD(0.1, clipvalue=1e-4)
    pair.step = loop(pair.model, optimizer, cross_entropy(keras))
    return pair


@diverging("statistics", "(norm) move in fit, and not in train_step")
def statistics_put_back(keras: Any) -> Pair:
    pair = simple(keras, traced=False)
    inner, norm = pair.step, pair.model.get_layer("norm")

    def train_step(x: Any, y: Any) -> Any:
        held = norm.moving_mean.numpy(), norm.moving_variance.numpy()
        loss = inner(x, y)
        norm.moving_mean.assign(held[0])
        norm.moving_variance.assign(held[1])
        return loss

    pair.step = train_step
    return pair
