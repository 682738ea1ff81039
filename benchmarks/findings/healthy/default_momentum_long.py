"""Batch normalization as Keras makes it, momentum 0.99, trained until the start is forgotten."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/44568"  # what it says to do: go on


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, units=32)
    model.compile(
        keras.optimizers.Adam(2e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # 720 updates: 0.99 ** 720 is 7e-4
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=32, epochs=16)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
