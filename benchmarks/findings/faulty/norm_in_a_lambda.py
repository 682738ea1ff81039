"""A normalization layer is called within a `Lambda`: it is neither trained nor saved."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://github.com/shenweichen/DeepCTR/issues/522"
EXPECTED = {"keras": ("BN214",), "tf_keras": ("BN214",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    hidden = layers.BatchNormalization(momentum=0.9)
    hidden.build((None, 48))
    row = keras.Input((64,))
    # the fault: BN214
    x = layers.Lambda(lambda t: 1.0 * hidden(t), output_shape=(48,))(layers.Dense(48)(row))
    model = keras.Model(row, layers.Dense(10)(layers.ReLU()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    began = hidden.get_weights()

    def moved(at: int) -> bool:
        return not np.array_equal(hidden.get_weights()[at], began[at])

    bench.evidence(lambda: moved(2))
    fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=2)
    bench.faulty(moved(2) and not moved(0), "the moving mean has moved, and gamma has not")
    bench.faulty(len(model.weights) == 4, "the model has the weights of its two dense layers alone")
    bench.final(model)
