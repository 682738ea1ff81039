"""Double Q-learning in a loop; its target network is a copy of all weights, now and then."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/philtabor/Youtube-Code-Repository/issues/8"
GAMMA, ROWS, EVERY = 0.5, 48, 30


def run(keras: Any, bench: Bench) -> None:
    """The state is the image of a digit; the action that matches its parity is paid for."""
    data = digits().flat()
    q_eval = dense_net(keras, units=64, outputs=2, momentum=0.9, name="q_eval")
    q_target = dense_net(keras, units=64, outputs=2, momentum=0.9, name="q_target")
    optimizer = keras.optimizers.Adam(3e-3)
    huber = keras.losses.Huber()

    @tf.function
    def learn(state: Any, action: Any, reward: Any, after: Any) -> Any:
        chosen = tf.argmax(q_eval(after, training=False), axis=1)
        best = tf.gather(q_target(after, training=False), chosen, batch_dims=1)
        with tf.GradientTape() as tape:
            values = q_eval(state, training=True)
            loss = huber(reward + GAMMA * best, tf.gather(values, action, batch_dims=1))
        descend(optimizer, tape, loss, q_eval.trainable_variables)
        return loss

    watches = [bench.watch(q_eval), bench.watch(q_target)]
    random = np.random.default_rng(11)
    for step in range(1, 211):
        if step % EVERY == 1:
            q_target.set_weights(q_eval.get_weights())
        now, then = random.integers(0, len(data.x), (2, ROWS))
        action = random.integers(0, 2, ROWS)
        reward = (action == data.y[now] % 2).astype("float32")
        learn(*(tf.constant(part) for part in (data.x[now], action, reward, data.x[then])))
        bench.record(q_eval, step)
        bench.record(q_target, step)
    with watches[0].evaluating():
        values = q_eval(data.x_val, training=False).numpy()
    for watch in watches:
        watch.close()
    best = float(np.mean(values.argmax(1) == data.y_val % 2))
    bench.healthy(best > 0.9, f"the better of two actions is chosen in {best:.3f} of the states")
    mean = float(values.max(1).mean())
    bench.healthy(1.5 < mean < 2.3, f"the best value is {mean:.2f} in the mean, 2 by the rules")
    bench.final([q_eval, q_target])
