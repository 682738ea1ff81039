"""A subclassed model in a `tf.function` loop, with one step function each to train and to test."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import training_step_with_outputs

REPORT = "https://www.tensorflow.org/tutorials/quickstart/advanced"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.conv = layers.Conv2D(16, 3, use_bias=False)
            self.norm = layers.BatchNormalization(momentum=0.9)
            self.flatten = layers.Flatten()
            self.hidden = layers.Dense(32, activation="relu")
            self.out = layers.Dense(10)

        def call(self, x: Any, training: bool = False) -> Any:
            x = tf.nn.relu(self.norm(self.conv(x), training=training))
            return self.out(self.hidden(self.flatten(x)))

    model = Net()
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(2e-3)
    test_right = keras.metrics.SparseCategoricalAccuracy(name="test_accuracy")

    train_step = training_step_with_outputs(model, optimizer, loss_fn)

    @tf.function
    def test_step(images: Any, labels: Any) -> None:
        test_right.update_state(labels, model(images, training=False))

    train = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(1440, seed=1).batch(60)
    test = tf.data.Dataset.from_tensor_slices((data.x_val, data.y_val)).batch(60)
    watch = bench.watch(model)
    step = 0
    for _ in range(6):
        for images, labels in train:
            step += 1
            loss, predictions = train_step(images, labels)
            bench.record(model, step)
        bench.loss_reduction(loss_fn, labels, predictions, value=loss, step=step)
        test_right.reset_state()
        with watch.evaluating():
            for images, labels in test:
                test_step(images, labels)
    watch.close()
    score = float(test_right.result())
    bench.healthy(score > 0.93, f"test accuracy {score:.3f} is above 0.93")
    bench.final(model)
