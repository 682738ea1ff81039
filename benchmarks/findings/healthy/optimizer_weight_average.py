"""The optimizer's own moving average of the weights, `use_ema=True`, taken over at the end."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/api/optimizers/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, activation="softmax", momentum=0.9)
    optimizer = keras.optimizers.Adam(3e-3, use_ema=True, ema_momentum=0.95)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    fit(model, data.train, data.held, bench.callbacks(), batch_size=40, epochs=8)
    _, accuracy = model.evaluate(data.x_val, data.y_val, verbose=0)
    bench.accurate(accuracy)
    bench.final(model)
