"""A `Lambda` calls a model that was trained before: it is frozen, and saved by itself."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import trained_base

REPORT = "https://keras.io/api/layers/core_layers/lambda/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    base = trained_base(keras, data, momentum=0.9)
    base.trainable = False
    image = keras.Input((8, 8, 1))
    features = layers.Lambda(lambda t: base(t, training=False), output_shape=(16,))(image)
    x = layers.BatchNormalization(momentum=0.9)(layers.Dense(32)(features))
    model = keras.Model(image, layers.Dense(10)(layers.ReLU()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=8)
    bench.accurate(model.evaluate(data.x_val, data.y_val, verbose=0)[1])
    bench.final(model)
