"""`synchronized=True` under a mirrored strategy that found one device only."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/api/layers/normalization_layers/batch_normalization/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with strategy.scope():
        model = dense_net(
            keras, use_bias=False, activation="softmax", momentum=0.9, synchronized=True
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=32, epochs=7)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
