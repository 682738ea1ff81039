"""A GAN freezes its discriminator after `compile`, and before the first step of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.data import batches
from benchmarks.findings.nets import discriminator_net, generator_net
from benchmarks.findings.variables import changes, flat
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits
from benchmarks.fixes.results import NAMED

RULE = "BN112"
NUMBER = "discriminators that learn nothing"
HEALTHY = (0.0, 0.0)
FLAVOURS = ("keras",)  # tf_keras goes by `trainable` at `compile`
SPANS = {
    "trainable": NAMED,
    "compile": NAMED,
    "discriminator.train_on_batch": NAMED,
    "gan.train_on_batch": NAMED,
}


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    discriminator, generator = discriminator_net(keras), generator_net(keras, noise=8)
    if cure:
        discriminator.trainable = True
        discriminator.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    else:
        discriminator.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
        discriminator.trainable = False
    gan = keras.Sequential([generator, discriminator])
    gan.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    bench.watch(discriminator)
    every = [*discriminator.weights[:2]]
    learns = changes(lambda: flat(every))
    random, ones = np.random.default_rng(3), np.ones((48, 1), "float32")
    for step, (x, _) in enumerate(batches(data.x, data.y, size=48, steps=20), start=1):
        z = random.normal(size=(48, 8)).astype("float32")
        made = np.asarray(generator(z, training=False))
        both = np.concatenate([(x - 300.0) / 5.0, made])
        discriminator.train_on_batch(both, np.concatenate([ones, 0.0 * ones]))
        discriminator.trainable = False
        gan.train_on_batch(z, ones)
        bench.record(discriminator, step)
    return float(not learns())
