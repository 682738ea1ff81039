"""Batch renormalization: training in small batches, corrected by the moving statistics."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://arxiv.org/abs/1702.03275"  # Batch Renormalization
FLAVOURS = ("tf_keras",)  # Keras 3 has none up to 3.15


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    limits = {"rmax": 3.0, "rmin": 1 / 3, "dmax": 5.0}
    model = dense_net(
        keras,
        use_bias=False,
        activation="softmax",
        momentum=0.95,
        renorm=True,
        renorm_momentum=0.95,
        renorm_clipping=limits,
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=16, epochs=5)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
