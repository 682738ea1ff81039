"""What recalibration costs, and what it heals: five models whose statistics are bad."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

import tb_bnplugin
from benchmarks.figures import Figure
from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import class_loss

BATCHES = 200
BATCH = 32
ROUNDS = 3
LIMIT = 1.3
"""Times the forward passes in training mode: a pass that reads the statistics of each batch."""

ERRORS = 0.2
"""Share of the validation rows that a healed model may tell wrong."""

HIGH = 0.999  # momentum


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A trained model with bad statistics, and data as it is used on."""

    model: Any
    x: Any
    y: Any
    x_val: Any
    y_val: Any
    options: dict[str, Any] = field(default_factory=dict)  # of `recalibrate`

    def errors(self) -> float:
        """Share of the validation rows that are told wrong in inference mode."""
        return 1.0 - accuracy(self.model.predict(self.x_val, verbose=0), self.y_val)

    def heal(self) -> tb_bnplugin.Recalibration:
        """Recalibrate it from the training data."""
        return tb_bnplugin.recalibrate(self.model, (self.x, self.y), verbose=False, **self.options)


def run() -> Iterator[Figure]:
    """The cost, then the repairs."""
    yield from cost()
    for name, make in BROKEN.items():
        broken = make(tf.keras)
        before = broken.errors()
        broken.heal()
        note = f"accuracy {1 - before:.3f} before, {1 - broken.errors():.3f} after"
        yield Figure(
            name=f"errors after recalibration: {name}",
            value=broken.errors(),
            limit=ERRORS,
            unit="of the rows",
            note=note,
        )


def cost() -> Iterator[Figure]:
    """The time of 200 batches against 200 forward passes, tracing included in both.

    With MobileNetV2, in which statistics are a large part of a pass. The best of each, since a
    machine with other work to do takes twice as long now and then.
    """
    keras = tf.keras
    random = np.random.default_rng(0)
    x = random.random((BATCH, 64, 64, 3), np.float32)
    batch = (x, random.integers(0, 10, BATCH))
    data = tf.data.Dataset.from_tensors(batch).cache().repeat(BATCHES)
    model = keras.applications.MobileNetV2(input_shape=(64, 64, 3), weights=None, classes=10)
    model.compile("sgd", "sparse_categorical_crossentropy")
    taken, training, inference = [], [], []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        tb_bnplugin.recalibrate(model, data, dry_run=True, verbose=False)
        taken.append(time.perf_counter() - begin)
        training.append(_forward(model, data, training=True))
        inference.append(_forward(model, data, training=False))
    yield Figure(
        name=f"recalibrate, {BATCHES} batches of {BATCH}, MobileNetV2",
        value=min(taken) / min(training),
        limit=LIMIT,
        unit=f"times {BATCHES} forward passes in training mode",
        note=f"{min(taken):.1f} s; {min(taken) / min(inference):.2f} times those in inference mode",
    )


def _forward(model: Any, data: Any, *, training: bool) -> float:
    """Seconds of a pass over the data."""
    step = tf.function(lambda x: model(x, training=training))
    begin = time.perf_counter()
    for x, _ in data:
        step(x).numpy()
    return time.perf_counter() - begin


def _dense(keras: Any, width: int, *, momentum: float, name: str | None = None) -> Any:
    layers = keras.layers
    norm = layers.BatchNormalization(momentum=momentum, name=name)
    stack = [keras.Input((width,)), layers.Dense(32), norm, layers.ReLU(), layers.Dense(10)]
    model = keras.Sequential(stack)
    model.compile(keras.optimizers.Adam(0.01), class_loss(keras), metrics=["accuracy"])
    return model


def ported_with_momentum_1(keras: Any) -> Broken:
    """After gmalivenko/pytorch2keras#70: a port that is fine-tuned and can never follow."""
    data = digits().flat()
    source = _dense(keras, 64, momentum=0.9)
    source.fit(data.x, data.y, epochs=8, verbose=0)
    model = _dense(keras, 64, momentum=1.0)
    model.set_weights(source.get_weights())
    x, x_val = 3.0 - 2.0 * data.x, 3.0 - 2.0 * data.x_val
    model.fit(x, data.y, epochs=8, verbose=0)
    return Broken(model=model, x=x, y=data.y, x_val=x_val, y_val=data.y_val)


def ported_variance_before_mean(keras: Any) -> Broken:
    """After gmalivenko/pytorch2keras#120: mean and variance in each other's place, frozen."""
    data = digits().flat()
    x, x_val = 5.0 + 8.0 * data.x, 5.0 + 8.0 * data.x_val
    model = _dense(keras, 64, momentum=0.9, name="ported")
    model.fit(x, data.y, epochs=8, verbose=0)
    layer = model.get_layer("ported")
    gamma, beta, mean, variance = layer.get_weights()
    layer.set_weights([gamma, beta, variance, np.abs(mean)])
    layer.trainable = False
    frozen = {"frozen": True}
    return Broken(model=model, x=x, y=data.y, x_val=x_val, y_val=data.y_val, options=frozen)


def scaled_twice(keras: Any) -> Broken:
    """After keras-team/keras-io#1549: a net that rescales gets images that are scaled already."""
    data = digits()
    layers = keras.layers

    def net(momentum: float) -> Any:
        stack = [keras.Input((8, 8, 1)), layers.Rescaling(1 / 255.0)]
        for filters in (8, 16):
            stack += [
                layers.Conv2D(filters, 3, padding="same", use_bias=False),
                *(layers.BatchNormalization(momentum=momentum), layers.ReLU()),
            ]
        model = keras.Sequential([*stack, layers.Flatten(), layers.Dense(10)])
        model.compile(keras.optimizers.Adam(0.003), class_loss(keras), metrics=["accuracy"])
        return model

    images, images_val = 255.0 * data.x, 255.0 * data.x_val
    source, model = net(0.9), net(HIGH)
    source.fit(images, data.y, epochs=4, verbose=0)
    model.set_weights(source.get_weights())
    x, x_val = images / 255.0, images_val / 255.0
    model.fit(x, data.y, epochs=4, verbose=0)
    return Broken(model=model, x=x, y=data.y, x_val=x_val, y_val=data.y_val)


def high_momentum(keras: Any) -> Broken:
    """D1 at momentum 0.999: MobileNetV2, trained well, whose statistics are still their start."""
    data = digits()
    x, x_val = _large(data.x), _large(data.x_val)
    model = keras.applications.MobileNetV2(
        input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10, classifier_activation=None
    )
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = HIGH
    model.compile(keras.optimizers.RMSprop(1e-3), class_loss(keras), metrics=["accuracy"])
    model.fit(x, data.y, batch_size=BATCH, epochs=8, verbose=0)
    return Broken(model=model, x=x, y=data.y, x_val=x_val, y_val=data.y_val)


def _large(x: Any) -> Any:
    """In three colours, 32 x 32: the smallest images MobileNetV2 takes."""
    return np.concatenate([x.repeat(4, axis=1).repeat(4, axis=2)] * 3, axis=-1)


def head_alone(keras: Any) -> Broken:
    """D2 (a): a head that learned on the batches of a new camera, on a base of the old one."""
    data = digits()
    base = _base(keras)
    old = keras.Sequential([base, keras.layers.Flatten(), keras.layers.Dense(10)])
    old.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    old.fit(data.x, data.y, batch_size=BATCH, epochs=5, verbose=0)
    x, x_val = 3.5 - data.x, 3.5 - data.x_val
    head = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
    model = keras.Sequential([keras.Input((8, 8, 1)), base, head])
    optimizer, loss_fn = keras.optimizers.Adam(1e-2), class_loss(keras)
    # what the base does in training mode, without its statistics of the new camera
    kept = base.get_weights()
    for _ in range(6):
        for at in range(0, len(x), BATCH):
            features = base(x[at : at + BATCH], training=True)
            with tf.GradientTape() as tape:
                loss = loss_fn(data.y[at : at + BATCH], head(features))
            gradients = tape.gradient(loss, head.trainable_variables)
            optimizer.apply_gradients(zip(gradients, head.trainable_variables, strict=True))
    base.set_weights(kept)
    model.compile(optimizer, loss_fn)
    return Broken(model=model, x=x, y=data.y, x_val=x_val, y_val=data.y_val)


def _base(keras: Any) -> Any:
    layers = [keras.Input((8, 8, 1))]
    for filters in (16, 32):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", use_bias=False),
            *(keras.layers.BatchNormalization(momentum=0.9), keras.layers.ReLU()),
        ]
    return keras.Sequential(layers, name="base")


BROKEN: dict[str, Callable[[Any], Broken]] = {
    "D1 at momentum 0.999": high_momentum,
    "D2 (a), a head on other data": head_alone,
    "ported with momentum 1": ported_with_momentum_1,
    "ported, variance before mean": ported_variance_before_mean,
    "inputs scaled twice": scaled_twice,
}
