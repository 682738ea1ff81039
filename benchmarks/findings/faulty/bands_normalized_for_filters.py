"""Features are put channels first, and normalized on the last axis, which holds the bands."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://github.com/sharathadavanne/seld-dcase2021/issues/8"
EXPECTED = {"keras": ("BN212",), "tf_keras": ("BN212",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    image = keras.Input((8, 8, 1))
    x = layers.Conv2D(12, 3, padding="same")(image)
    x = layers.Permute((3, 1, 2))(x)
    norm = layers.BatchNormalization(momentum=0.9)  # the fault: BN212
    x = layers.ReLU()(norm(x))
    model = keras.Model(image, layers.Dense(10)(layers.Flatten()(x)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    bench.evidence(lambda: norm.moving_mean.shape[0] == 8)
    fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=2)
    bench.faulty(norm.moving_mean.shape[0] == 8, "8 statistics where there are 12 filters")
    bench.final(model)
