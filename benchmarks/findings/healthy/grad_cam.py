"""Heat maps of a trained net: gradients through it in inference mode, and nothing learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://keras.io/examples/vision/grad_cam/"


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs)
    x = layers.ReLU(name="maps")(layers.BatchNormalization(momentum=0.9)(x))
    outputs = layers.Dense(10)(layers.Flatten()(x))
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=64, epochs=5)
    accuracy = history["val_accuracy"][-1]
    before = [value.copy() for value in model.get_weights()]

    looking = keras.Model(inputs, [model.get_layer("maps").output, outputs])
    watch = bench.watch(looking)
    ink = []
    for at in range(0, 60, 3):
        with tf.GradientTape() as tape:
            maps, scores = looking(data.x_val[at : at + 1], training=False)
            best = tf.reduce_max(scores, axis=1)
        shares = tape.gradient(best, maps) * maps  # of each place in the score, as in HiResCAM
        heat = tf.nn.relu(tf.reduce_sum(shares, axis=-1))[0].numpy()
        ink.append(float(heat.max()))
        bench.record(looking, 200 + at)
    watch.close()
    same = all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    bench.healthy(same, "looking changes no weight")
    bench.healthy(np.mean(np.array(ink) > 0) > 0.5, "most heat maps are not empty")
    bench.accurate(accuracy)
    bench.final([*model.get_weights(), np.array(ink)])
