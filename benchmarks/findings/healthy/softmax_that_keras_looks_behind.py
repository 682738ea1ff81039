"""The loss has `from_logits=True` and the model a softmax, which Keras looks behind in `fit`."""

from __future__ import annotations

import warnings
from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras/issues/19018"


def run(keras: Any, bench: Bench) -> None:
    warnings.filterwarnings("ignore", ".*from_logits=True")
    data = digits().flat()
    model = dense_net(keras, activation="softmax", momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    callbacks = bench.callbacks(probe_data=(data.x_val[:48], data.y_val[:48]))
    fit(model, data.train, data.held, callbacks, batch_size=48, epochs=6)
    bench.accurate(model.evaluate(data.x_val, data.y_val, verbose=0)[1])
    bench.final(model)
