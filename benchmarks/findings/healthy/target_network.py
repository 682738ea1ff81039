"""Deep Q-learning whose target network answers within the tape, and is copied now and then."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://keras.io/examples/rl/deep_q_network_breakout/"
STATES = 8  # on a line: action 1 goes right, action 0 left; the right end pays


def _net(keras: Any, name: str) -> Any:
    return dense_net(
        keras, inputs=STATES, units=32, outputs=2, use_bias=False, name=name, momentum=0.9
    )


def run(keras: Any, bench: Bench) -> None:
    class Agent(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.online, self.target = _net(keras, "online"), _net(keras, "target")

        def call(self, state: Any) -> Any:
            return self.online(state, training=False)

        def train_step(self, batch: Any) -> Any:
            state, action, reward, after = batch[0]
            with tf.GradientTape() as tape:
                best = tf.reduce_max(self.target(after, training=False), axis=1)
                wanted = reward + 0.8 * best
                values = self.online(state, training=True)
                taken = tf.reduce_sum(values * tf.one_hot(action, 2), axis=1)
                loss = tf.reduce_mean((wanted - taken) ** 2)
            descend(self.optimizer, tape, loss, self.online.trainable_variables)
            return {"loss": loss}

    class Copy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.model.target.set_weights(self.model.online.get_weights())

    random = np.random.default_rng(0)
    at = random.integers(0, STATES, 2048)
    action = random.integers(0, 2, 2048)
    after = np.clip(at + 2 * action - 1, 0, STATES - 1)
    one = np.eye(STATES, dtype="float32")
    reward = (after == STATES - 1).astype("float32")
    agent = Agent()
    agent.compile(keras.optimizers.Adam(3e-3))
    agent.fit(
        (one[at], action, reward, one[after]),
        batch_size=64,
        epochs=20,
        verbose=0,
        callbacks=[Copy(), *bench.callbacks()],
    )
    chosen = agent.online(one, training=False).numpy().argmax(1)
    bench.healthy((chosen == 1).mean() >= 7 / 8, f"goes right in {chosen.sum()} of {STATES} states")
    bench.final(agent)
