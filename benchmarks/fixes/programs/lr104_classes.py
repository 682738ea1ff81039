"""`fit` compares each of ten outputs with the number of the class."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.data import accuracy, digits
from benchmarks.findings.nets import dense_net
from benchmarks.fixes.bench import FixBench

RULE = "LR104"
NUMBER = "validation accuracy"
HEALTHY = (0.8, 1.0)
CURES = ("entropy", "one-hot")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    y, held = data.y[:, None], data.y_val[:48, None]
    if cure == "one-hot":
        y = keras.utils.to_categorical(y)
        held = keras.utils.to_categorical(held)
    if cure == "entropy":
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    else:
        loss = keras.losses.MeanSquaredError()
    model = dense_net(keras, momentum=0.9)
    model.compile(keras.optimizers.Adam(1e-2), loss)
    callbacks = bench.callbacks(probe_data=(data.x_val[:48], held))
    model.fit(data.x, y, batch_size=48, epochs=3, verbose=0, callbacks=callbacks)
    return accuracy(model(data.x_val, training=False), data.y_val)
