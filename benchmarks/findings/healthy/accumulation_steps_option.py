"""`gradient_accumulation_steps=4` of the optimizer: weights move every fourth batch."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/api/optimizers/adam/"
FLAVOURS = ("keras",)  # tf_keras has no such option


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, activation="softmax", momentum=0.95)
    optimizer = keras.optimizers.Adam(1e-2, gradient_accumulation_steps=4)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=24, epochs=8)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
