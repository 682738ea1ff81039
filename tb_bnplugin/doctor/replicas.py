"""Questions about two replicas: their losses and statistics, measured on one processor."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tb_bnplugin.doctor.bench import MEAN, Bench, X, number
from tb_bnplugin.doctor.question import Question, Value, one_of
from tb_bnplugin.errors import NoReplicasError
from tb_bnplugin.printed import num


def mean_loss(bench: Bench) -> Value:
    """A loss object whose values are all 4, called in each of two replicas."""
    tf, strategy = bench.tf, _strategy(bench)
    with strategy.scope():
        loss = bench.keras.losses.MeanSquaredError()

    def of_replica() -> Any:
        return loss(tf.zeros((2, 1)), tf.fill((2, 1), 2.0))

    try:
        values = strategy.experimental_local_results(strategy.run(of_replica))
    except ValueError:
        return "raises"
    return bool(np.isclose(float(values[0]), 2.0))


def statistics_of_replicas(bench: Bench) -> str:
    """Two replicas make one update from values around 4 and around 8."""
    strategy = _strategy(bench)
    with strategy.scope():
        bn = bench.bn(momentum=0.0)
        bn.build((None, 1))
    rows = strategy.experimental_distribute_values_from_function(
        lambda context: bench.tf.constant(X * (1 + context.replica_id_in_sync_group))
    )
    strategy.run(lambda x: bn(x, training=True), args=(rows,))
    read = float(number(bn.moving_mean))
    names = {MEAN: "first", 2 * MEAN: "last", 1.5 * MEAN: "average"}
    return next((name for mean, name in names.items() if np.isclose(read, mean)), num(read))


def _strategy(bench: Bench) -> Any:
    if bench.strategy is None:
        raise NoReplicasError(
            "two logical devices are needed, and TensorFlow had started before they could be made"
        )
    return bench.strategy


def _of_loss(value: Value) -> str:
    if value == "raises":
        return "A loss object needs reduction NONE there, divided by hand by the global batch."
    if value:
        return "It is right as it is: divide it by the replicas once more and steps are halved."
    return "Divide it by the number of replicas, or the step grows with them."


QUESTIONS: Final = (
    Question(
        name="mean_loss_divided_by_replicas",
        asks="Is a loss object with a mean already divided by the replicas in an own loop?",
        measure=mean_loss,
        means=_of_loss,
    ),
    Question(
        name="replica_statistics_read",
        asks="Which replica's moving statistics are read and saved?",
        measure=statistics_of_replicas,
        means=one_of(
            first="Only the first replica's are saved; the others' are lost.",
            last="Only the last replica's are saved; the others' are lost.",
            average="The replicas' average is saved.",
        ),
    ),
)
