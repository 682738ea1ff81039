"""Weights are averaged at the end, statistics reset, and "estimated anew" by `predict`."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import at_start, norms

REPORT = "https://github.com/fastai/fastai/issues/583"
EXPECTED = {"keras": ("BN207",), "tf_keras": ("BN207",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    model.compile(keras.optimizers.Adam(5e-3), class_loss(keras), metrics=["accuracy"])
    kept: list[list[Any]] = []

    class Average(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.append([variable.numpy() for variable in self.model.trainable_variables])

    callbacks = bench.callbacks()
    before = fit(model, data.train, data.held, [Average(), *callbacks], batch_size=64, epochs=5)[
        "val_accuracy"
    ][-1]
    averaged = [np.mean(parts, axis=0) for parts in zip(*kept[-3:], strict=True)]
    for variable, value in zip(model.trainable_variables, averaged, strict=True):
        variable.assign(value)
    for norm in norms(model):
        norm.moving_mean.assign(np.zeros(norm.moving_mean.shape))  # the fault: BN207
        norm.moving_variance.assign(np.ones(norm.moving_variance.shape))  # the fault: BN207
    bench.evidence(lambda: at_start(model))
    model.predict(data.x, verbose=0, callbacks=callbacks)
    _, after = model.evaluate(*data.held, verbose=0, callbacks=callbacks)
    bench.faulty(at_start(model), "the statistics are 0 and 1")
    bench.faulty(after < before - 0.1, f"accuracy {before:.2f} before, {after:.2f} after")
    bench.final(model)
