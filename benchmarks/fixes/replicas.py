"""Training on two replicas of one processor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import Digits, batches


@cache
def two_replicas() -> Any:
    """The strategy; its program has `REPLICAS = 2`. A second one would mix their reductions up."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def on_replicas(strategy: Any, replica_step: Callable[..., Any]) -> Callable[..., Any]:
    """The step of a global batch, of which each replica gets its half."""

    @tf.function
    def step(x: Any, y: Any) -> Any:
        return strategy.run(replica_step, args=(x, y))

    return lambda x, y: step(share_out(strategy, x), share_out(strategy, y))


def share_out(strategy: Any, rows: Any) -> Any:
    """The rows, of which each replica has its part."""
    parts = np.array_split(rows, strategy.num_replicas_in_sync)
    return strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(parts[context.replica_id_in_sync_group])
    )


def train_on_replicas(
    bench: Bench,
    strategy: Any,
    model: Any,
    train_step: Callable[..., Any],
    loss_fn: Any,
    data: Digits,
    *,
    steps: int = 8,
    size: int = 48,
) -> None:
    """A loop of `on_replicas`, whose step gives loss and predictions; each is measured."""

    @tf.function
    def measure(y: Any, y_pred: Any, loss: Any, step: Any) -> None:
        def on_replica(y: Any, y_pred: Any, loss: Any) -> None:
            bench.loss_reduction(loss_fn, y, y_pred, value=loss, step=step)

        strategy.run(on_replica, args=(y, y_pred, loss))

    for step, (x, y) in enumerate(batches(data.x, data.y, size=size, steps=steps), start=1):
        loss, y_pred = train_step(x, y)
        measure(share_out(strategy, y), y_pred, loss, tf.constant(step, tf.int64))
        bench.record(model, step)
