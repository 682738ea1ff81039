"""Batch normalization is frozen for the last epochs, so that training sees what inference sees."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net

REPORT = "https://arxiv.org/abs/2105.07576"  # Rethinking "Batch" in BatchNorm, section 3.3


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    norm = keras.layers.BatchNormalization(momentum=0.9)
    model = dense_net(keras, use_bias=False, activation="softmax", norm=norm)
    fit = {"batch_size": 32, "validation_data": (data.x_val, data.y_val), "verbose": 0}
    callbacks = bench.callbacks()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(data.x, data.y, epochs=6, callbacks=callbacks, **fit)
    norm.trainable = False
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(data.x, data.y, epochs=3, callbacks=callbacks, **fit).history
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
