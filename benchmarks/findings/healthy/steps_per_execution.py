"""`steps_per_execution=8`: callbacks hear of every eighth step only."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/api/models/model_training_apis/"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, activation="softmax", momentum=0.9)
    model.compile(
        keras.optimizers.Adam(3e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=8,
    )
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=36, epochs=6)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
