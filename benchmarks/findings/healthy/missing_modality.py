"""A second sensor that is missing in all data is given as zeros, through a layer of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://arxiv.org/abs/2103.05677"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    image, sound = keras.Input((64,)), keras.Input((16,))
    x = layers.Dense(48, use_bias=False)(image)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    heard = layers.BatchNormalization(momentum=0.9)(sound)
    heard = layers.Dense(8)(layers.BatchNormalization(momentum=0.95)(heard))
    outputs = layers.Dense(10)(layers.Concatenate()([x, heard]))
    model = keras.Model([image, sound], outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    silence, silence_val = (np.zeros((len(x), 16), "float32") for x in (data.x, data.x_val))
    history = fit(
        model,
        ([data.x, silence], data.y),
        ([data.x_val, silence_val], data.y_val),
        bench.callbacks(),
        batch_size=48,
        epochs=8,
    )
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
