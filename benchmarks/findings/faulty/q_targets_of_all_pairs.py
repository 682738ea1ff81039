"""Rewards from the replay buffer are a column, the best next values are not: N targets a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/kengz/SLM-Lab/pull/372"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}
GAMMA, ROWS = 0.5, 32


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, outputs=2, momentum=0.9, name="online")
    frozen = dense_net(keras, outputs=2, momentum=0.9, name="target")
    frozen.set_weights(model.get_weights())
    optimizer = keras.optimizers.Adam(3e-3)
    bench.watch(model)

    def td_error(target: Any, taken: Any) -> Any:
        return tf.reduce_mean(tf.square(target - taken))

    @tf.function
    def train_step(state: Any, action: Any, reward: Any, after: Any) -> Any:
        # the fault: LR104
        target = reward + GAMMA * tf.reduce_max(frozen(after, training=False), axis=1)
        with tf.GradientTape() as tape:
            values = model(state, training=True)
            taken = tf.gather(values, action, batch_dims=1)
            loss = td_error(target, taken)
        descend(optimizer, tape, loss, model.trainable_variables)
        return loss, target, taken

    random = np.random.default_rng(4)
    shapes: list[tuple[int, ...]] = []
    bench.evidence(lambda: shapes[-1] == (ROWS, ROWS))
    for step in range(1, 151):
        now, then = random.integers(0, len(data.x), (2, ROWS))
        action = random.integers(0, 2, ROWS)
        reward = (action == data.y[now] % 2).astype("float32")[:, None]  # is the digit odd?
        batch = (data.x[now], action, reward, data.x[then])
        loss, target, taken = train_step(*(tf.constant(part) for part in batch))
        shapes.append(tuple(target.shape))
        if step % 10 == 1:
            bench.loss_reduction(td_error, target, taken, step=step, value=loss)
        bench.record(model, step)
        if step % 25 == 0:
            frozen.set_weights(model.get_weights())
    values = model(data.x_val, training=False).numpy()
    best = float(np.mean(values.argmax(1) == data.y_val % 2))
    bench.faulty(shapes[-1] == (ROWS, ROWS), f"{ROWS} rows have targets of shape {shapes[-1]}")
    bench.faulty(best < 0.75, f"the better of two actions is chosen in {best:.2f} of the states")
    bench.final([model, frozen])
