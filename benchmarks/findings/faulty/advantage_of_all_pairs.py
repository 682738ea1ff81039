"""Returns (N,) less values (N, 1) in an actor-critic loss: each return meets all values."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import training_step_with_outputs
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/PacktPublishing/Deep-Reinforcement-Learning-Hands-On/issues/74"
EXPECTED = {"keras": ("LR104",), "tf_keras": ("LR104",)}
ROWS = 32


def actor_critic(played: Any, heads: Any) -> Any:
    """Of actions and returns, two columns, and of two logits and a value, three columns."""
    action, gained = tf.cast(played[:, 0], tf.int32), played[:, 1]
    logits, value = heads[:, :2], heads[:, 2:]
    advantage = gained - value  # the fault: LR104
    chosen = tf.nn.sparse_softmax_cross_entropy_with_logits(action, logits)
    policy = tf.reduce_mean(chosen * tf.stop_gradient(advantage))
    return policy + 0.5 * tf.reduce_mean(tf.square(advantage))


def _by_row(played: Any, heads: Any) -> float:
    """The same loss in numpy, each row by itself."""
    shifted = heads[:, :2] - np.log(np.exp(heads[:, :2]).sum(1, keepdims=True))
    chosen = -shifted[np.arange(len(played)), played[:, 0].astype(int)]
    advantage = played[:, 1] - heads[:, 2]
    return float(np.mean(chosen * advantage) + 0.5 * np.mean(advantage**2))


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, outputs=3, momentum=0.9)
    bench.watch(model)
    train_step = training_step_with_outputs(model, keras.optimizers.Adam(3e-3), actor_critic)

    random = np.random.default_rng(2)
    gaps: list[float] = []
    bench.evidence(lambda: gaps[-1] > 0.02)
    for step in range(1, 151):
        rows = random.integers(0, len(data.x), ROWS)
        x, digit = data.x[rows], data.y[rows]
        logits = model(x, training=False).numpy()[:, :2]
        odds = 1.0 / (1.0 + np.exp(logits[:, 0] - logits[:, 1]))
        action = (random.random(ROWS) < odds).astype("int64")
        gained = digit / 3.0 + (action == digit % 2)  # a large digit pays, whatever is done
        played = np.stack([action, gained], axis=1).astype("float32")
        loss, heads = train_step(tf.constant(x), tf.constant(played))
        gaps.append(abs(float(loss) - _by_row(played, heads.numpy())))
        if step % 10 == 1:
            bench.loss_reduction(actor_critic, played, heads, step=step, value=loss)
        bench.record(model, step)
    values = model(data.x_val, training=False).numpy()[:, 2]
    known = float(np.corrcoef(values, data.y_val)[0, 1] ** 2)
    spread = float(values.std() / (data.y_val / 3.0).std())
    bench.faulty(gaps[-1] > 0.02, f"the loss is {gaps[-1]:.2f} off that of the rows")
    bench.faulty(spread < 0.5, f"values vary {spread:.2f} times as much as returns ({known:.2f})")
    bench.final(model)
