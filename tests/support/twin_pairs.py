"""Pairs of a step of `fit` and one of a loop, with where they part first, after public reports.

The programs are those of `benchmarks/findings` and of the seeds, cut to one step.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ROWS, FEATURES, CLASSES = 32, 12, 10


@dataclass(kw_only=True)
class Pair:
    """What `twin` is called with."""

    model: Any
    step: Any
    x: Any
    y: Any
    options: dict[str, Any] = field(default_factory=dict)
    held: Any = None  # what nothing else refers to


Make = Callable[[Any], Pair]

DIVERGING: dict[str, tuple[Make, str, str]] = {}
"""By name: the pair, the stage of the first divergence, and a part of its message."""

SAME: dict[str, Make] = {}
"""By name: pairs that do the same."""


def diverging(stage: str, message: str) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        DIVERGING[make.__name__] = (make, stage, message)
        return make

    return add


def same(make: Make) -> Make:
    SAME[make.__name__] = make
    return make


def batch() -> tuple[Any, Any]:
    random = np.random.default_rng(3)
    x = random.normal(1.0, 2.0, (ROWS, FEATURES)).astype(np.float32)
    return x, random.integers(0, CLASSES, ROWS)


def one_hot(labels: Any) -> Any:
    return np.eye(CLASSES, dtype=np.float32)[labels]


def norm_net(keras: Any, *, last: str | None = None, dropout: float = 0.0, **dense: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(16, name="hidden", **dense),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            *([layers.Dropout(dropout, name="dropout")] if dropout else []),
            layers.Dense(CLASSES, activation=last, name="head"),
        ]
    )


def plain_net(keras: Any) -> Any:
    """The network of the second seed, smaller."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(CLASSES),
        ]
    )


def cross_entropy(keras: Any, **options: Any) -> Any:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, **options)


def compiled(keras: Any, model: Any, loss: Any = None, rate: float = 0.1) -> Any:
    loss = cross_entropy(keras) if loss is None else loss
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"])
    return model


def loop(
    model: Any,
    optimizer: Any,
    loss_of: Callable[[Any, Any], Any],
    *,
    training: bool | None = True,
    weights: Callable[[], Any] | None = None,
    change: Callable[[Any], Any] | None = None,
    inputs: Callable[[Any], Any] | None = None,
    traced: bool = True,
) -> Any:
    """A training step as loops have it; each option is one thing that goes wrong in some."""
    import tensorflow as tf

    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            x = x if inputs is None else inputs(x)
            outputs = model(x) if training is None else model(x, training=training)
            loss = loss_of(y, outputs)
        trained = model.trainable_variables if weights is None else weights()
        gradients = tape.gradient(loss, trained)
        gradients = gradients if change is None else change(gradients)
        optimizer.apply_gradients(zip(gradients, trained, strict=True))
        return loss

    return tf.function(train_step) if traced else train_step


def simple(
    keras: Any, loss_of: Any = None, *, net: Any = None, loss: Any = None, **options: Any
) -> Pair:
    """A compiled model with SGD, and a loop with the same optimizer."""
    x, y = batch()
    model = compiled(keras, norm_net(keras) if net is None else net, loss)
    step = loop(
        model,
        keras.optimizers.SGD(0.1),
        cross_entropy(keras) if loss_of is None else loss_of,
        **options,
    )
    return Pair(model=model, step=step, x=x, y=y)


def sum_over_the_rows(keras: Any) -> Pair:
    return simple(keras, cross_entropy(keras, reduction="sum"))


def vector_loss_in_tape(keras: Any) -> Pair:
    import tensorflow as tf

    return simple(
        keras,
        lambda y, p: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p),
    )


def mean_over_outputs(keras: Any) -> Pair:
    import tensorflow as tf

    def summed(labels: Any, outputs: Any) -> Any:
        return tf.reduce_sum(tf.square(labels - outputs), axis=-1)

    pair = simple(keras, lambda y, p: tf.reduce_mean(tf.square(y - p)), loss=summed)
    pair.y = one_hot(pair.y)
    return pair


def loss_scale_not_taken_off(keras: Any) -> Pair:
    loss = cross_entropy(keras)
    return simple(keras, lambda y, p: 1024.0 * loss(y, p))


def label_smoothing(keras: Any) -> Pair:
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    pair = simple(keras, loss, loss=keras.losses.CategoricalCrossentropy(from_logits=True))
    pair.y = one_hot(pair.y)
    return pair


def softmax_twice_in_a_loop(keras: Any) -> Pair:
    import tensorflow as tf

    def of_logits(labels: Any, outputs: Any) -> Any:
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=outputs)
        )

    loss = keras.losses.SparseCategoricalCrossentropy()
    return simple(keras, of_logits, net=norm_net(keras, last="softmax"), loss=loss)


def labels_broadcast_in_loop(keras: Any) -> Pair:
    import tensorflow as tf

    net = keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    )
    pair = simple(keras, lambda y, p: tf.reduce_mean(tf.square(y - p)), net=net, loss="mse")
    pair.y = pair.y.astype(np.float32)
    return pair


def regularizer_left_out(keras: Any) -> Pair:
    return simple(keras, net=norm_net(keras, kernel_regularizer="l2"))


def regularizers_counted_twice(keras: Any) -> Pair:
    import tensorflow as tf

    net, loss = norm_net(keras, kernel_regularizer="l2"), cross_entropy(keras)
    return simple(keras, lambda y, p: loss(y, p) + 2.0 * tf.add_n(net.losses), net=net)


def activity_penalty_left_out(keras: Any) -> Pair:
    return simple(keras, net=norm_net(keras, activity_regularizer="l2"))


def pixels_rescaled_twice(keras: Any) -> Pair:
    return simple(keras, inputs=lambda x: x / 255.0)


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


def gradients_clipped(keras: Any) -> Pair:
    import tensorflow as tf

    return simple(keras, change=lambda given: tf.clip_by_global_norm(given, 1e-2)[0])


def only_the_head_trains(keras: Any) -> Pair:
    net = norm_net(keras)
    return simple(keras, net=net, weights=net.get_layer("head").trainable_variables.copy)


def other_learning_rate(keras: Any) -> Pair:
    pair = simple(keras)
    pair.step = loop(pair.model, keras.optimizers.SGD(0.01), cross_entropy(keras))
    return pair


def other_optimizer(keras: Any) -> Pair:
    pair = simple(keras)
    pair.step = loop(pair.model, keras.optimizers.Adam(0.1), cross_entropy(keras))
    return pair


def clipped_by_the_optimizer(keras: Any) -> Pair:
    pair = simple(keras)
    optimizer = keras.optimizers.SGD(0.1, clipvalue=1e-4)
    pair.step = loop(pair.model, optimizer, cross_entropy(keras))
    return pair


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


def traced_loop(keras: Any) -> Pair:
    return simple(keras)


def eager_loop(keras: Any) -> Pair:
    return simple(keras, traced=False)


def dropout_and_penalties(keras: Any) -> Pair:
    import tensorflow as tf

    net = norm_net(keras, dropout=0.4, kernel_regularizer="l2", activity_regularizer="l1")
    loss = cross_entropy(keras)
    return simple(keras, lambda y, p: loss(y, p) + tf.add_n(net.losses), net=net)


def penalty_written_by_hand(keras: Any) -> Pair:
    import tensorflow as tf

    net, loss = norm_net(keras, kernel_regularizer="l2"), cross_entropy(keras)
    kernel = net.get_layer("hidden").kernel
    return simple(
        keras,
        lambda y, p: loss(y, p) + 0.01 * tf.reduce_sum(tf.square(tf.convert_to_tensor(kernel))),
        net=net,
    )


def adam_after_some_steps(keras: Any) -> Pair:
    x, y = batch()
    model = norm_net(keras)
    model.compile(keras.optimizers.Adam(1e-2), cross_entropy(keras))
    step = loop(model, keras.optimizers.Adam(1e-2), cross_entropy(keras), traced=False)
    for _ in range(3):
        step(x, y)
    return Pair(model=model, step=step, x=x, y=y)


def traced_before(keras: Any) -> Pair:
    pair = simple(keras)
    pair.step(pair.x, pair.y)
    return pair


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


def dict_of_a_batch(keras: Any) -> Pair:
    pair = simple(keras)
    inner = pair.step
    pair.step = lambda rows: inner(rows["features"], rows["label"])
    pair.options = {"batch": {"features": pair.x, "label": pair.y}}
    return pair


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


def fit_against_itself(keras: Any) -> Pair:
    pair = simple(keras, net=norm_net(keras, dropout=0.4))
    pair.step = ("fit", "fit")
    return pair


def one_step_twice(keras: Any) -> Pair:
    pair = simple(keras, net=norm_net(keras, dropout=0.4))
    pair.step = (pair.step, pair.step)
    return pair


def sequential_and_functional(keras: Any) -> Pair:
    x, y = batch()
    inputs = keras.Input((FEATURES,))
    hidden = keras.layers.Dense(16)(inputs)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization()(hidden))
    functional = keras.Model(inputs, keras.layers.Dense(CLASSES)(hidden))
    models = compiled(keras, norm_net(keras)), compiled(keras, functional)
    return Pair(model=models, step=None, x=x, y=y)


def load() -> None:
    """Fill both registries."""
    for name in ("twin_seeds", "twin_diverging", "twin_same"):
        importlib.import_module(f"tests.support.{name}")
