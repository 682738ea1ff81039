"""A GAN of two compiled models, with the discriminator's flag set before each of the two steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import discriminator_net, generator_net

REPORT = "https://github.com/keras-team/keras/issues/6405"  # the order of flags that works
NOISE = 16


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    discriminator = discriminator_net(keras)
    discriminator.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), "binary_crossentropy")
    generator = generator_net(keras, noise=NOISE)
    noise_input = keras.Input((NOISE,))
    discriminator.trainable = False
    combined = keras.Model(noise_input, discriminator(generator(noise_input)), name="combined")
    combined.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), "binary_crossentropy")

    watch = bench.watch(combined)
    random = np.random.default_rng(5)
    # Real and generated images in one batch, so that its statistics are those of both.
    labels = np.repeat([[1.0], [0.0]], 64, axis=0).astype("float32")
    kernel = discriminator.layers[0].kernel.numpy()
    for step, (images, _) in enumerate(batches(data.x, data.y, size=64, steps=160), 1):
        noise = random.standard_normal((64, NOISE)).astype("float32")
        fakes = generator.predict_on_batch(noise)
        discriminator.trainable = True
        judged = discriminator.train_on_batch(np.concatenate([images, fakes]), labels)
        discriminator.trainable = False
        losses = [judged, combined.train_on_batch(noise, labels[:64])]
        bench.record(combined, step)
    watch.close()

    drawn = generator.predict(random.standard_normal((200, NOISE)), verbose=0)
    off = float(np.abs(drawn.mean(axis=0) - data.x.mean(axis=0)).mean())
    bench.healthy(
        not np.array_equal(kernel, discriminator.layers[0].kernel.numpy()),
        "the discriminator learns",
    )
    bench.healthy(off < 0.12, f"the mean image drawn is off by {off:.3f} only")
    bench.healthy(np.isfinite(losses).all(), "all losses are finite")
    bench.final(combined)
