"""Actor and critic with batch normalization, as in a DDPG example that never sets `training`."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import descend
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/keras-team/keras-io/issues/198"
EXPECTED = {"keras": ("BN101",), "tf_keras": ("BN101",)}

STATES = 4


def _network(keras: Any, inputs: int, name: str) -> Any:
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(1),
        ],
        name=name,
    )


def run(keras: Any, bench: Bench) -> None:
    random = np.random.default_rng(0)
    actor, critic = _network(keras, STATES, "actor"), _network(keras, STATES + 1, "critic")
    target = _network(keras, STATES + 1, "target_critic")
    target.set_weights(critic.get_weights())
    actor_optimizer, critic_optimizer = keras.optimizers.Adam(1e-3), keras.optimizers.Adam(2e-3)
    bench.watch(actor)
    bench.watch(critic)

    @tf.function
    def learn(state: Any, action: Any, reward: Any, following: Any) -> None:
        with tf.GradientTape() as tape:
            value = target(tf.concat([following, tf.tanh(actor(following))], 1))
            error = reward + 0.9 * value - critic(tf.concat([state, action], 1))  # the fault: BN101
            loss = tf.reduce_mean(tf.square(error))
        descend(critic_optimizer, tape, loss, critic.trainable_variables)
        with tf.GradientTape() as tape:
            # the fault: BN101
            loss = -tf.reduce_mean(critic(tf.concat([state, tf.tanh(actor(state))], 1)))
        descend(actor_optimizer, tape, loss, actor.trainable_variables)

    learns = [changes(lambda: trained(actor)), changes(lambda: trained(critic))]
    bench.evidence(lambda: all(each() for each in learns) and at_start(actor) and at_start(critic))
    for step in range(1, 41):
        state = random.normal(5.0, 3.0, (64, STATES)).astype("float32")
        action = random.uniform(-1, 1, (64, 1)).astype("float32")
        reward = -np.abs(action - 0.1 * state[:, :1])
        learn(state, action, reward, state + 0.1 * action)
        for network, mean in zip(target.weights, critic.weights, strict=True):
            network.assign(0.995 * network + 0.005 * mean)
        bench.record(actor, step)
        bench.record(critic, step)
    bench.faulty(all(each() for each in learns), "actor and critic are trained")
    bench.faulty(at_start(actor) and at_start(critic), "their statistics still are 0 and 1")
    bench.final([actor, critic])
