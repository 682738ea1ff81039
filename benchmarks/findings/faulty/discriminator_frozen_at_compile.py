"""The classic GAN in Keras 3: its discriminator, compiled and then frozen, never learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.nets import discriminator_net, generator_net
from benchmarks.findings.variables import changes, flat

REPORT = "https://github.com/eriklindernoren/Keras-GAN/issues/22"
FLAVOURS = ("keras",)  # tf_keras goes by the flag at compile, and trains it
EXPECTED = {"keras": ("BN112",)}
NOISE, ROWS, STEPS = 16, 48, 60


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    judge, painter = discriminator_net(keras), generator_net(keras, noise=NOISE)
    judge.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    judge.trainable = False  # the fault: BN112
    noise = keras.Input((NOISE,))
    stack = keras.Model(noise, judge(painter(noise)), name="stack")
    stack.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")

    moved = changes(lambda: flat(judge.weights))
    first = judge.get_weights()[0]
    steps = {"made": 0}
    bench.evidence(lambda: steps["made"] > 5 and np.array_equal(first, judge.get_weights()[0]))
    random = np.random.default_rng(2)
    with_judge, with_stack = bench.watch(judge), bench.watch(stack)
    for step, (real, _) in enumerate(batches(data.x, data.y, size=ROWS, steps=STEPS), 1):
        seeds = random.normal(size=(ROWS, NOISE)).astype("float32")
        drawn = painter.predict_on_batch(seeds)
        judge.train_on_batch(np.concatenate([real, drawn]), np.repeat([[1.0], [0.0]], ROWS, 0))
        stack.train_on_batch(seeds, np.ones((ROWS, 1)))
        steps["made"] = step
        bench.record(judge, step)
        bench.record(stack, step)
    with_judge.close()
    with_stack.close()
    bench.faulty(not moved(), f"no weight of the discriminator moved in {STEPS} of its steps")
    bench.faulty(int(judge.optimizer.iterations.numpy()) == 0, "its optimizer made no step")
    bench.final(stack)
