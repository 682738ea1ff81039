"""A model whose output is its loss: the labels handed to `fit` are zeros that nobody looks at."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits, one_hot
from benchmarks.findings.loops import fit

REPORT = "https://github.com/keras-team/keras-io/blob/master/examples/keras_recipes/endpoint_layer_pattern.py"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    ops = keras.ops if hasattr(keras, "ops") else keras.backend
    images, labels = keras.Input((64,)), keras.Input((10,))
    x = layers.Dense(48, use_bias=False)(images)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    predictions = layers.Dense(10, activation="softmax")(x)

    def cross_entropy(pair: Any) -> Any:
        likely = ops.sum(pair[0] * pair[1], axis=-1, keepdims=True)
        return -ops.log(likely + 1e-7)

    losses = layers.Lambda(cross_entropy, output_shape=(1,))([labels, predictions])
    model = keras.Model([images, labels], losses)
    classifier = keras.Model(images, predictions)
    model.compile(keras.optimizers.Adam(3e-3), lambda y_true, y_pred: ops.mean(y_pred))
    zeros = np.zeros((len(data.x), 1), "float32")
    inputs = [data.x, one_hot(data.y)]
    fit(
        model,
        (inputs, zeros),
        ([data.x_val, one_hot(data.y_val)], np.zeros((len(data.x_val), 1), "float32")),
        bench.callbacks(probe_data=([each[:128] for each in inputs], zeros[:128])),
        batch_size=32,
        epochs=6,
    )
    accuracy = float(np.mean(classifier.predict(data.x_val, verbose=0).argmax(-1) == data.y_val))
    bench.accurate(accuracy)
    bench.final(model)
