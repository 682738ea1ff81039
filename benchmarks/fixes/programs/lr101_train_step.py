"""A `train_step` divides the summed loss by 32, and `fit` gives it 48 rows, or fewer at the end."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.steps import growth, rate_as_printed

RULE = "LR101"
NUMBER = "growth of the step with a batch twice as large"
HEALTHY = (0.99, 1.01)


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()

    class Net(keras.Sequential):
        def train_step(self, batch: Any) -> Any:
            x, y = batch[:2]  # `train_on_batch` of Keras 3 gives weights, too
            with tf.GradientTape() as tape:
                logits = self(x, training=True)
                per_example_loss = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
                if cure:
                    loss = tf.reduce_mean(per_example_loss)
                else:
                    loss = tf.reduce_sum(per_example_loss) / 32
            descend(self.optimizer, tape, loss, self.trainable_variables)
            return {"entropy": loss}

    model = Net([keras.Input((64,)), *dense_net(keras).layers])
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate_as_printed(bench, 0.1)), entropy)
    some = data.x[:1400], data.y[:1400]  # 29 batches of 48 rows, and one of 8
    model.fit(*some, batch_size=48, epochs=2, verbose=0, callbacks=bench.callbacks())
    return growth(model, model.train_on_batch, data, rows=48)
