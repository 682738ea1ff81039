"""A network has the class that it chose as a second output, and measures that with "accuracy"."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import accuracy, digits
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.results import REMOVED

RULE = "LR108"
NUMBER = "difference of the accuracy in the log from the share of right answers"
HEALTHY = (0.0, 0.01)
SPANS = {"argmax": REMOVED}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = digits().flat()
    y: Any = data.y
    held: Any = data.y_val
    name = "accuracy"
    inputs = keras.Input((64,))
    x = keras.layers.Dense(32, activation="relu")(inputs)
    shares = keras.layers.Dense(10, activation="softmax", name="shares")(x)
    loss, optimizer = "sparse_categorical_crossentropy", keras.optimizers.Adam(1e-2)
    if cure:
        model = keras.Model(inputs, shares)
        model.compile(
            optimizer,
            loss,
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
    else:
        largest = keras.layers.Lambda(
            lambda each: tf.argmax(each, axis=-1), output_shape=(), name="digit"
        )
        model = keras.Model(inputs, {"shares": shares, "digit": largest(shares)})
        model.compile(optimizer, {"shares": loss}, metrics={"digit": ["accuracy"]})
        y, held = ({"shares": each, "digit": each} for each in (y, held))
        name = "digit_accuracy"
    model.fit(data.x, y, batch_size=48, verbose=0, callbacks=bench.callbacks())
    logged = model.evaluate(data.x_val, held, verbose=0, return_dict=True)[name]
    shares = keras.Model(inputs, shares)(data.x_val)
    return float(abs(logged - accuracy(np.asarray(shares), data.y_val)))
