"""The classic GAN: the discriminator is compiled, then frozen inside a second compiled model."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import discriminator_net, generator_net

REPORT = "https://github.com/jacobgil/keras-dcgan"
FLAVOURS = ("tf_keras",)  # Keras 3 goes by the flag at the first train_on_batch, not at compile
NOISE = 16


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    discriminator = discriminator_net(keras)
    discriminator.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), "binary_crossentropy")
    generator = generator_net(keras, noise=NOISE)
    discriminator.trainable = False
    noise_input = keras.Input((NOISE,))
    combined = keras.Model(noise_input, discriminator(generator(noise_input)), name="combined")
    combined.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), "binary_crossentropy")

    watches = [bench.watch(discriminator), bench.watch(combined)]
    random = np.random.default_rng(5)
    # Real and generated images in one batch, so that its statistics are those of both.
    labels = np.repeat([[1.0], [0.0]], 64, axis=0).astype("float32")
    kernel = discriminator.get_weights()[0].copy()
    losses: list[float] = []
    for step, (images, _) in enumerate(batches(data.x, data.y, size=64, steps=160), 1):
        noise = random.standard_normal((64, NOISE)).astype("float32")
        fakes = generator.predict_on_batch(noise)
        judged = discriminator.train_on_batch(np.concatenate([images, fakes]), labels)
        losses = [judged, combined.train_on_batch(noise, labels[:64])]
        bench.record(discriminator, step)
        bench.record(combined, step)
    for watch in watches:
        watch.close()

    drawn = generator.predict(random.standard_normal((200, NOISE)), verbose=0)
    off = float(np.abs(drawn.mean(axis=0) - data.x.mean(axis=0)).mean())
    bench.healthy(
        not np.array_equal(kernel, discriminator.get_weights()[0]), "the discriminator learns"
    )
    bench.healthy(off < 0.12, f"the mean image drawn is off by {off:.3f} only")
    bench.healthy(np.isfinite(losses).all(), "all losses are finite")
    bench.final(combined)
