"""A `train_step` differentiates thirty times the compiled loss."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import step_ratio

RULE = "LR110"
NUMBER = "step over learning rate, over the gradient of the compiled loss"
HEALTHY = (0.99, 1.01)
CURES = ("mean", "rate")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()

    def loss_fn(y: Any, y_pred: Any) -> Any:
        return keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)

    of_keras = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    class Net(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            x, y = data[:2]  # `train_on_batch` of Keras 3 gives weights, too
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = of_keras(y, y_pred)
                if cure != "mean":
                    loss *= 30.0
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"loss": loss}

    model = Net(dense_net(keras).layers)
    model.build((None, 64))
    model.compile(keras.optimizers.SGD(0.01 / 30 if cure == "rate" else 0.01), of_keras)
    if cure == "rate":
        callbacks = bench.callbacks(expect=("LR110",))
    else:
        callbacks = bench.callbacks()
    model.fit(data.x, data.y, batch_size=48, verbose=0, callbacks=callbacks)
    return step_ratio(model, model.train_on_batch, loss_fn, data, rate=0.01)
