"""A `train_step` adds `self.losses` to `compute_loss`, which has them already."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss

REPORT = "https://github.com/matterport/Mask_RCNN/issues/1931"
EXPECTED = {"keras": ("LR106",), "tf_keras": ("LR106",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers, penalty = keras.layers, keras.regularizers.L1(2e-3)

    class Penalized(keras.Model):
        def train_step(self, pair: Any) -> Any:
            x, y = pair
            with tf.GradientTape() as tape:
                outputs = self(x, training=True)
                loss = self.compute_loss(x=x, y=y, y_pred=outputs)
                loss += tf.add_n(self.losses)  # the fault: LR106
            descend(self.optimizer, tape, loss, self.trainable_variables)
            rows = class_loss(keras)(y, outputs)
            return {"loss": loss, "of_rows": rows, "once": tf.add_n(self.losses)}

    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, kernel_regularizer=penalty)(image)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(16, 3, kernel_regularizer=penalty)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    model = Penalized(image, layers.Dense(10)(layers.Flatten()(x)))
    model.compile(keras.optimizers.Adam(3e-3), class_loss(keras))

    times: list[float] = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            times.append((logs["loss"] - logs["of_rows"]) / logs["once"])

    bench.evidence(lambda: abs(times[-1] - 2.0) < 0.1)
    model.fit(
        data.x, data.y, batch_size=48, epochs=3, verbose=0, callbacks=[Keep(), *bench.callbacks()]
    )
    often = float(np.median(times))
    bench.faulty(abs(often - 2.0) < 0.1, f"the penalties are in the loss {often:.2f} times")
    bench.final(model)
