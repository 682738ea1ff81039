"""A model without a softmax is trained with a loss that takes probabilities."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench

RULE = "LR112"
NUMBER = "validation accuracy"
HEALTHY = (0.9, 1.0)
CURES = ("logits", "softmax")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    if cure == "softmax":
        model = dense_net(keras, activation="softmax", momentum=0.9)
    else:
        model = dense_net(keras, momentum=0.9)
    if cure == "logits":
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.Adam(1e-2), loss)
    callbacks = bench.callbacks(probe_data=(data.x_val[:48], data.y_val[:48]))
    model.fit(data.x, data.y, batch_size=48, epochs=3, verbose=0, callbacks=callbacks)
    return accuracy(model(data.x_val, training=False), data.y_val)
