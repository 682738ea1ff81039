"""A loss class with `batch_average` divides a mean over the batch by the batch once more."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step_with_outputs

REPORT = "https://github.com/jfzhang95/pytorch-deeplab-xception/issues/55"
EXPECTED = {"keras": ("LR101",), "tf_keras": ("LR101",)}
ROWS = 40


class SegmentationLosses:
    """Cross entropy of the classes of pixels."""

    def __init__(self, *, batch_average: bool = True) -> None:
        self.batch_average = batch_average

    def __call__(self, classes: Any, logits: Any) -> Any:
        pixels = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
        loss = tf.reduce_mean(pixels)
        if self.batch_average:
            loss /= tf.cast(tf.shape(logits)[0], loss.dtype)  # the fault: LR101
        return loss


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    classes = np.digitize(data.x[..., 0], (0.2, 0.7)).astype("int32")  # paper, thin ink, ink
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same")(image)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    model = keras.Model(image, layers.Conv2D(3, 1)(x))
    criterion = SegmentationLosses()
    bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.SGD(0.5), criterion)

    shares: list[float] = []
    bench.evidence(lambda: abs(shares[-1] * ROWS - 1.0) < 0.01)
    for step, (x, y) in enumerate(batches(data.x, classes, size=ROWS, steps=60), start=1):
        loss, logits = train_step(tf.constant(x), tf.constant(y))
        each = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        shares.append(float(loss) / float(np.mean(each)))
        if step % 5 == 1:
            bench.loss_reduction(criterion, y, logits, step=step, value=loss)
        bench.record(model, step)
    once = 1.0 / shares[-1]
    bench.faulty(abs(once - ROWS) < 0.1, f"1/{once:.1f} of the mean is differentiated")
    bench.final(model)
