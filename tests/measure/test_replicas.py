"""The distance of replicas' copies: simulated layers, whose distributions are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tb_bnplugin.measure.layout import Layout
from tb_bnplugin.measure.reading import LayerStart, Reading
from tb_bnplugin.measure.replicas import COMPARED_AT_LEAST, ReplicaGaps

CHANNELS, ROWS, MOMENTUM = 32, 16, 0.9
START = LayerStart(
    channels=CHANNELS, momentum=MOMENTUM, epsilon=1e-3, from_initializer=True, updates_before=0
)
Values = npt.NDArray[np.float64]


def reading(copies: Values) -> Reading:
    """Mean and variance of the first replica, [replicas, 2, channels], beside those of others."""
    layers = copies.shape[2] // CHANNELS
    return Reading(
        mean=copies[0, 0].astype(np.float32),
        variance=copies[0, 1].astype(np.float32),
        other_copies=copies[1:].astype(np.float32) if len(copies) > 1 else None,
        gamma_beta=np.zeros(0),
        executions=np.zeros((layers, 1), np.int64),
        trainable=np.ones(layers, bool),
        trainable_as_set=np.ones(layers, bool),
        weights=np.zeros(0, np.float32),
        batches=None,
        iterations=0.0,
        learning_rate=0.1,
    )


def train(
    means: list[float], deviations: list[float], *, records: int, updates: int = 1
) -> tuple[ReplicaGaps, dict[str, Values]]:
    """Replicas whose batches are of these distributions; the newest columns."""
    random, gaps, layout = np.random.default_rng(3), ReplicaGaps(), Layout([START])
    start = [np.mean(means), np.mean(np.square(deviations))]
    copies = np.tile(np.array(start)[:, None], (len(means), 1, CHANNELS))
    last, columns = reading(copies), dict[str, Values]()
    for _ in range(records):
        for _ in range(updates):
            for replica, (mean, deviation) in enumerate(zip(means, deviations, strict=True)):
                batch = random.normal(mean, deviation, (ROWS, CHANNELS))
                update = np.stack([batch.mean(axis=0), batch.var(axis=0)])
                copies[replica] = MOMENTUM * copies[replica] + (1 - MOMENTUM) * update
        new = reading(copies)
        columns = gaps.update(new, last, layout, np.array([MOMENTUM**updates])) or columns
        last = new
    return gaps, columns


def test_different_variances() -> None:
    _, columns = train([0.0, 0.0], [4.0, 1.0], records=60)
    # the quotient of the variances is 16
    assert columns["replica_variance_gap"][0] == pytest.approx(np.log(16), abs=0.2)
    assert columns["replica_variance_gap"][0] > 20 * columns["replica_variance_error"][0]


def test_different_means() -> None:
    _, columns = train([3.0, 0.0], [2.0, 2.0], records=60)
    assert columns["replica_mean_gap"][0] == pytest.approx(1.5, abs=0.15)
    assert columns["replica_mean_gap"][0] > 10 * columns["replica_mean_error"][0]


def test_the_error_is_that_of_theory() -> None:
    _, columns = train([3.0, 0.0], [2.0, 2.0], records=50)
    # means of 16 rows on two replicas, averaged over 50 records, in standard deviations
    theory = np.sqrt(2 / ROWS / 50)
    assert columns["replica_mean_error"][0] == pytest.approx(theory, rel=0.15)


def test_the_most_distant_copies_count() -> None:
    _, columns = train([0.0, 3.0, -3.0], [2.0, 2.0, 2.0], records=60)
    assert columns["replica_mean_gap"][0] == pytest.approx(3.0, abs=0.3)


@pytest.mark.parametrize("replicas", [2, 8])
@pytest.mark.parametrize("updates", [1, 10])
def test_the_same_kind_of_data_is_never_apart(replicas: int, updates: int) -> None:
    _, columns = train([1.0] * replicas, [2.0] * replicas, records=60, updates=updates)
    assert all((values == 0).all() for values in columns.values())


def test_nothing_is_said_of_few_records() -> None:
    gaps, columns = train([0.0, 0.0], [4.0, 1.0], records=COMPARED_AT_LEAST - 1)
    assert columns == {}
    assert gaps.compared == COMPARED_AT_LEAST - 1
    _, columns = train([0.0, 0.0], [4.0, 1.0], records=COMPARED_AT_LEAST)
    assert columns["replica_variance_gap"][0] > 0


def test_one_copy_is_compared_with_nothing() -> None:
    gaps, columns = train([0.0], [1.0], records=20)
    assert columns == {}
    assert np.isnan(gaps.compared)


def test_layers_that_do_not_train_are_not_counted() -> None:
    gaps, layout = ReplicaGaps(), Layout([START, START])
    copies = np.ones((2, 2, 2 * CHANNELS))
    for step in range(5):
        new = reading(copies + step)
        gaps.update(new, reading(copies), layout, np.array([MOMENTUM, np.nan]))
    assert gaps.compared == 5


def test_a_layer_that_comes_later_begins_anew() -> None:
    gaps, copies = ReplicaGaps(), np.ones((2, 2, 2 * CHANNELS))
    first = copies[:, :, :CHANNELS]
    for _ in range(9):
        gaps.update(reading(first), reading(first), Layout([START]), np.array([MOMENTUM]))
    both = Layout([START, START])
    gaps.update(reading(copies), reading(copies), both, np.full(2, MOMENTUM))
    assert gaps.compared == 1  # of the layer with the fewest
