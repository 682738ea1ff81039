"""The last batch of an epoch holds five rows, the others 35, and the net is a dense one."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/38596"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, use_bias=False, activation="softmax", momentum=0.95)
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    # 41 batches of 35 rows and one of 5
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=35, epochs=6)
    bench.healthy(len(data.x) % 35 == 5, "the last batch has five rows")
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
