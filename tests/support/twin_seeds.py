"""Pairs after two published accounts: a loop without `training`, and `fit` against a tape."""

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
    diverging,
    one_hot,
    plain_net,
    same,
    simple,
)


@diverging("modes", "(norm): training mode in fit, inference mode in train_step")
def seed_000_loop_without_training(keras: Any) -> Pair:
    layers = keras.layers
    net = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(6, 3),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy()
    pair = simple(keras, loss, net=net, loss="sparse_categorical_crossentropy", training=None)
    random = np.random.default_rng(5)
    pair.x = random.normal(size=(ROWS, 8, 8, 1)).astype(np.float32)
    pair.y = random.integers(0, 2, ROWS)
    return pair


def seed_002(keras: Any, loss: Any, step_loss: Any, **options: Any) -> Pair:
    x, labels = batch()
    pair = simple(keras, step_loss, net=plain_net(keras), loss=loss, training=None, **options)
    pair.y, pair.options = one_hot(labels), {"batch": (x, labels)}
    return pair


def summed_over_outputs(labels: Any, outputs: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(tf.square(outputs - tf.one_hot(labels, CLASSES))) / 32.0


def summed_of_one_hot(labels: Any, outputs: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(tf.square(labels - outputs)) / 32.0


@diverging("loss", "10 times the loss of fit, the outputs of a row (10)")
def seed_002_tape_against_mse(keras: Any) -> Pair:
    return seed_002(keras, "mse", summed_over_outputs)


@same
def seed_002_tape_against_own_loss(keras: Any) -> Pair:
    return seed_002(keras, summed_of_one_hot, summed_over_outputs)


@diverging("optimizer", "factor 10")
def seed_002_tenfold_learning_rate(keras: Any) -> Pair:
    x, labels = batch()
    models = (
        compiled(keras, plain_net(keras), "mse", 0.01),
        compiled(keras, plain_net(keras), "mse"),
    )
    return Pair(model=models, step=None, x=x, y=one_hot(labels))


def with_own_train_step(keras: Any, *, compare: str, returned: str) -> Any:
    import tensorflow as tf

    class Own(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, labels = data
            with tf.GradientTape() as tape:
                outputs = self(x, training=True)
                loss = summed_of_one_hot(labels, outputs)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            accuracy.reset_state()
            if compare == "classes":
                classes = tf.one_hot(tf.argmax(outputs, -1), CLASSES)
                accuracy.update_state(labels, classes)
            else:
                accuracy.update_state(tf.argmax(labels, -1), tf.argmax(outputs, -1))
            return {
                "loss": loss * 0.0 if returned == "nothing" else loss,
                "accuracy": accuracy.result(),
            }

    accuracy = keras.metrics.CategoricalAccuracy(name="own")
    return Own(plain_net(keras).layers)


def seed_002_own(
    keras: Any, loss: Any, *, compare: str = "classes", returned: str = "loss"
) -> Pair:
    x, labels = batch()
    model = with_own_train_step(keras, compare=compare, returned=returned)
    model.build((None, FEATURES))
    return Pair(model=compiled(keras, model, loss), step=None, x=x, y=one_hot(labels))


@same
def seed_002_own_train_step_with_own_loss(keras: Any) -> Pair:
    return seed_002_own(keras, summed_of_one_hot)


@diverging("loss", "train_step differentiates 10 times the loss of plain fit")
def seed_002_own_train_step_against_mse(keras: Any) -> Pair:
    return seed_002_own(keras, "mse")


@diverging("metrics", "accuracy")
def seed_002_labels_compared_as_one_vector(keras: Any) -> Pair:
    return seed_002_own(keras, summed_of_one_hot, compare="labels")


@diverging("metrics", "loss is")
def seed_002_logged_loss_of_zero(keras: Any) -> Pair:
    return seed_002_own(keras, summed_of_one_hot, returned="nothing")
