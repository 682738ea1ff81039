"""DDPG on a reaching task: actor and critic with batch normalization, targets by soft updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/keras-team/keras-io/issues/198"


def _actor(keras: Any, name: str) -> Any:
    return dense_net(
        keras,
        inputs=2,
        units=32,
        outputs=1,
        use_bias=False,
        activation="tanh",
        name=name,
        momentum=0.95,
    )


def _critic(keras: Any, name: str) -> Any:
    layers = keras.layers
    state, action = keras.Input((2,)), keras.Input((1,))
    x = layers.Concatenate()([layers.Dense(32)(state), layers.Dense(32)(action)])
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.Dense(32, activation="relu")(x)
    return keras.Model([state, action], layers.Dense(1)(x), name=name)


def run(keras: Any, bench: Bench) -> None:
    actor, target_actor = _actor(keras, "actor"), _actor(keras, "target_actor")
    critic, target_critic = _critic(keras, "critic"), _critic(keras, "target_critic")
    target_actor.set_weights(actor.get_weights())
    target_critic.set_weights(critic.get_weights())
    actor_optimizer, critic_optimizer = keras.optimizers.Adam(2e-3), keras.optimizers.Adam(5e-3)
    random = np.random.default_rng(9)

    def move(state: Any, action: Any) -> tuple[Any, Any]:
        """The point goes by the action; it is worth most on its goal."""
        after = np.clip(state[:, :1] + 0.5 * action, -1, 1)
        return np.concatenate([after, state[:, 1:]], 1), -np.abs(after - state[:, 1:])

    def starts(count: int) -> Any:
        return random.uniform(-1, 1, (count, 2)).astype("float32")

    @tf.function
    def learn(state: Any, action: Any, reward: Any, after: Any) -> None:
        later = target_critic([after, target_actor(after, training=False)], training=False)
        goal = reward + 0.7 * later
        with tf.GradientTape() as tape:
            value = critic([state, action], training=True)
            loss = tf.reduce_mean(tf.square(goal - value))
        descend(critic_optimizer, tape, loss, critic.trainable_variables)
        with tf.GradientTape() as tape:
            # The critic judges here and does not learn: its statistics are those of the memory.
            value = critic([state, actor(state, training=True)], training=False)
            loss = -tf.reduce_mean(value)
        descend(actor_optimizer, tape, loss, actor.trainable_variables)
        for slow, fast in ((target_actor, actor), (target_critic, critic)):
            for old, new in zip(slow.weights, fast.weights, strict=True):
                old.assign(0.95 * old + 0.05 * new)

    def worth() -> float:
        state, total = np.random.default_rng(1).uniform(-1, 1, (200, 2)), 0.0
        for _ in range(5):
            action = np.asarray(actor(state.astype("float32"), training=False))
            state, reward = move(state, action)
            total += float(reward.mean())
        return total / 5

    models = (actor, critic, target_actor, target_critic)
    watches = [bench.watch(each) for each in models]
    before = worth()
    for step in range(1, 501):
        state = starts(64)
        action = random.uniform(-1, 1, (64, 1)).astype("float32")
        after, reward = move(state, action)
        batch = (state, action, reward.astype("float32"), after.astype("float32"))
        learn(*(tf.constant(each) for each in batch))
        for each in models[:2]:
            bench.record(each, step)
    for watch in watches:
        watch.close()
    now = worth()
    bench.healthy(now > before / 2, f"mean distance {-before:.3f} before, {-now:.3f} after")
    bench.healthy(now > -0.2, f"mean distance {-now:.3f} over five moves is below 0.2")
    bench.final(list(models))
