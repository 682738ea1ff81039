"""One embedding sees anchor, positive and negative in each step of an own `train_step`."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend

REPORT = "https://keras.io/examples/vision/siamese_network/"


def _triplets(x: Any, y: Any, count: int, seed: int) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(seed)
    anchors = random.integers(0, len(x), count)
    positives = [random.choice(np.flatnonzero(y == y[at])) for at in anchors]
    negatives = [random.choice(np.flatnonzero(y != y[at])) for at in anchors]
    return x[anchors], x[positives], x[negatives]


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    class Triplet(keras.Model):
        def __init__(self, embedding: Any) -> None:
            super().__init__()
            self.embedding = embedding
            self.tracker = keras.metrics.Mean(name="loss")

        @property
        def metrics(self) -> list[Any]:
            return [self.tracker]

        def call(self, triplet: Any, training: Any = None) -> Any:
            anchor, positive, negative = (self.embedding(x, training=training) for x in triplet)
            near = tf.reduce_sum(tf.square(anchor - positive), -1)
            far = tf.reduce_sum(tf.square(anchor - negative), -1)
            return near, far

        def train_step(self, data: Any) -> Any:
            with tf.GradientTape() as tape:
                near, far = self(data[0], training=True)
                loss = tf.reduce_mean(tf.maximum(near - far + 0.5, 0.0))
            descend(self.optimizer, tape, loss, self.embedding.trainable_weights)
            self.tracker.update_state(loss)
            return {"loss": self.tracker.result()}

        def test_step(self, data: Any) -> Any:
            near, far = self(data[0], training=False)
            self.tracker.update_state(tf.reduce_mean(tf.maximum(near - far + 0.5, 0.0)))
            return {"loss": self.tracker.result()}

    embedding = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.Dense(8),
        ]
    )
    model = Triplet(embedding)
    model.compile(keras.optimizers.Adam(2e-3))
    train = tf.data.Dataset.from_tensor_slices((_triplets(data.x, data.y, 1920, 1),))
    test = _triplets(data.x_val, data.y_val, 512, 2)
    model.fit(
        train.batch(64),
        validation_data=tf.data.Dataset.from_tensor_slices((test,)).batch(128),
        epochs=8,
        verbose=0,
        callbacks=bench.callbacks(),
    )
    anchor, positive, negative = (embedding.predict(x, verbose=0) for x in test)
    near = np.square(anchor - positive).sum(-1)
    far = np.square(anchor - negative).sum(-1)
    right = float(np.mean(near < far))
    bench.healthy(right > 0.9, f"the positive is nearer in {right:.3f} of new triplets")
    bench.final(model)
