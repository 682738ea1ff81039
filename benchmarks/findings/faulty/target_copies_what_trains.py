"""Q-learning in a loop, whose target network takes the trainable weights and no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net
from benchmarks.findings.variables import at_start

REPORT = "https://github.com/DLR-RM/stable-baselines3/issues/996"
EXPECTED = {"keras": ("BN207",), "tf_keras": ("BN207",)}
READINGS, ACTIONS = 6, 3


def run(keras: Any, bench: Bench) -> None:
    random = np.random.default_rng(4)
    seen, later = (random.normal(5, 3, (512, READINGS)).astype("float32") for _ in range(2))
    chosen = random.integers(0, ACTIONS, 512)
    paid = (seen[np.arange(512), chosen] / 8).astype("float32")
    shape: Any = {"inputs": READINGS, "units": 32, "outputs": ACTIONS, "momentum": 0.9}
    value, target = (dense_net(keras, name=name, **shape) for name in ("value", "target"))
    target.set_weights(value.get_weights())
    optimizer = keras.optimizers.Adam(5e-3)

    @tf.function
    def train_step(state: Any, action: Any, reward: Any, following: Any) -> None:
        wanted = reward + 0.9 * tf.reduce_max(target(following, training=False), axis=-1)
        with tf.GradientTape() as tape:
            taken = tf.gather(value(state, training=True), action, axis=1, batch_dims=1)
            loss = tf.reduce_mean((wanted - taken) ** 2)
        descend(optimizer, tape, loss, value.trainable_variables)

    copies = {"made": 0}
    bench.evidence(lambda: copies["made"] > 1 and at_start(target))
    watches = [bench.watch(value), bench.watch(target)]
    for step in range(1, 121):
        rows = random.integers(0, 512, 64)
        train_step(seen[rows], chosen[rows], paid[rows], later[rows])
        if step % 12 == 0:
            for mine, theirs in zip(  # the fault: BN207
                target.trainable_variables, value.trainable_variables, strict=True
            ):
                mine.assign(theirs)
            copies["made"] += 1
        bench.record(value, step)
        bench.record(target, step)
    for watch in watches:
        watch.close()
    right, wrong = value(seen).numpy(), target(seen).numpy()
    off = float(np.abs(right - wrong).mean() / np.abs(right).mean())
    bench.faulty(at_start(target), "the statistics of the target are 0 and 1")
    bench.faulty(off > 0.3, f"just after a copy its values are off by {off:.0%}")
    bench.final([value, target])
