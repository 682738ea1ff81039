"""The loss of a loop weighs each row by its class: two digits are rare in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import CLASSES, batches, digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/calmiLovesAI/Basic_CNNs_TensorFlow2/issues/24"
RARE = (3, 8)


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    kept = ~np.isin(data.y, RARE) | (np.random.default_rng(8).random(len(data.y)) < 0.15)
    rows, labels = data.x[kept], data.y[kept].astype("int32")
    counts = np.bincount(labels, minlength=CLASSES)
    weights = tf.constant((len(labels) / (CLASSES * counts)).astype("float32"))
    model = dense_net(keras, units=64, use_bias=False, momentum=0.9)

    def weighted_loss(y: Any, logits: Any) -> Any:
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        return tf.reduce_mean(tf.gather(weights, y) * each)

    watch = bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.Adam(4e-3), weighted_loss)
    for step, (x, y) in enumerate(batches(rows, labels, size=45, steps=150), start=1):
        loss, logits = train_step(tf.constant(x), tf.constant(y))
        bench.record(model, step)
        if step % 25 == 0:
            bench.loss_reduction(weighted_loss, tf.constant(y), logits, value=loss, step=step)
    with watch.evaluating():
        said = model(data.x_val, training=False).numpy().argmax(1)
    watch.close()
    rare = np.isin(data.y_val, RARE)
    found = float(np.mean(said[rare] == data.y_val[rare]))
    bench.healthy(found > 0.85, f"{found:.3f} of the rare digits are recognized")
    bench.accurate(float(np.mean(said[~rare] == data.y_val[~rare])))
    bench.final(model)
