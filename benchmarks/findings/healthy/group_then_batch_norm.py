"""Batch, group and batch normalization one after the other, as batch-channel normalization does."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://arxiv.org/abs/1903.10520"  # weight standardization and batch-channel norm


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.GroupNormalization(groups=4))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=6)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
