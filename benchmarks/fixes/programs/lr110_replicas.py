"""A `train_step` on two replicas takes the mean over each replica's rows."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.replicas import two_replicas
from benchmarks.fixes.steps import step_ratio

RULE = "LR110"
NUMBER = "step over learning rate, over the gradient of the compiled loss"
HEALTHY = (0.99, 1.01)
REPLICAS = 2


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()

    def loss_fn(y: Any, y_pred: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)

    class Net(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data[:2]  # `train_on_batch` of Keras 3 gives weights, too
            with tf.GradientTape() as tape:
                per_example_loss = loss_fn(y, self(x, training=True))
                if cure:
                    loss = tf.nn.compute_average_loss(per_example_loss)
                else:
                    loss = tf.reduce_mean(per_example_loss)
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    with two_replicas().scope():
        model = Net(dense_net(keras, norm=keras.layers.LayerNormalization()).layers)
        model.build((None, 64))
        of_keras = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.01), of_keras)
    model.fit(data.x, data.y, batch_size=48, verbose=0, callbacks=bench.callbacks())
    return step_ratio(model, model.train_on_batch, loss_fn, data, rate=0.01)
