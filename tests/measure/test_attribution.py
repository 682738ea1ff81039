"""The search for the layers that cause a gap: exact, and within its passes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tb_bnplugin.measure.attribution import attribute, passes_for, score_of_gap, suspicion
from tb_bnplugin.measure.probed_layer import Entered

NAN = math.nan


class Model:
    """Layers that cost what `costs` says, and count the passes."""

    def __init__(self, costs: dict[int, float]) -> None:
        self.costs, self.passes = costs, 0

    def cost(self, layers: frozenset[int]) -> float:
        self.passes += 1
        return sum(self.costs.get(layer, 0.0) for layer in layers)


@pytest.mark.parametrize("layers", [1, 2, 11, 12, 52, 500])
def test_passes_are_the_logarithm_and_eight(layers: int) -> None:
    assert math.log2(layers) + 7 < passes_for(layers) + 1 <= math.log2(layers) + 8


@pytest.mark.parametrize("suspected", [0, 3, 10, 52])
def test_passes_hold_whatever_is_suspected(suspected: int) -> None:
    model = Model(dict.fromkeys(range(52), 1.0))
    attribute(range(52), suspected, model.cost, passes_for(52))
    assert model.passes <= passes_for(52)


@pytest.mark.parametrize("culprit", [0, 17, 51])
def test_one_that_nobody_suspected_is_found_by_halves(culprit: int) -> None:
    model = Model({culprit: 1.0})
    found = attribute(range(52), 0, model.cost, passes_for(52))
    assert found[culprit].share == 1.0
    assert found[culprit].together == 1
    assert [layer for layer, of in found.items() if of.share > 0] == [culprit]


def test_ten_suspects_are_measured_alone_and_all_others_together() -> None:
    model = Model({layer: 1.0 + layer for layer in range(10)})
    found = attribute(range(52), 10, model.cost, passes_for(52))
    assert [found[layer].share for layer in range(10)] == pytest.approx(np.arange(1, 11) / 55)
    assert {(found[layer].share, found[layer].together) for layer in range(10, 52)} == {(0.0, 42)}


def test_a_layer_that_helps_has_a_share_below_zero() -> None:
    found = attribute(range(2), 2, Model({0: 2.0, 1: -1.0}).cost, 3)
    assert (found[0].share, found[1].share) == (1.0, -0.5)


def test_layers_that_cost_nothing_one_by_one_have_no_share() -> None:
    assert attribute(range(3), 3, Model({0: 5e-5}).cost, 3) == {}
    assert attribute([], 0, Model({}).cost, 8) == {}


def test_layers_that_cost_only_together_share_the_gap() -> None:
    def cost(layers: frozenset[int]) -> float:
        return float(len(layers & {0, 1}) == 2)

    found = attribute(range(3), 3, cost, 8)
    assert [found[layer].share for layer in range(3)] == [0.5, 0.5, 0.0]


def test_a_cost_that_is_no_number_is_not_known() -> None:
    found = attribute(range(2), 2, Model({0: NAN, 1: 1.0}).cost, 3)
    assert list(found) == [1]


def row(loss: float = NAN, accuracy: float = NAN) -> dict[str, float]:
    return {"loss": loss, "accuracy": accuracy}


@pytest.mark.parametrize(
    ("moving", "batch", "distance", "expected"),
    [
        (row(1.21), row(1.0), 0.0, "loss"),
        (row(1.0), row(1.21), 0.0, "loss"),  # the other direction
        (row(1.19), row(1.0), 9.0, None),
        (row(3e-3, 1.0), row(1e-3, 1.0), 9.0, None),  # no harm is done
        (row(3.0, 0.5), row(1.0, 0.6), 0.0, "loss"),
        (row(1.0, 0.5), row(1.0, 0.6), 0.0, "accuracy"),
        (row(1.0, 0.5), row(3.0, 0.6), 0.0, "accuracy"),  # the loss says the opposite
        (row(NAN, 0.5), row(NAN, 0.6), 0.0, "accuracy"),
        (row(), row(), 0.21, "outputs"),
        (row(), row(), 0.19, None),
        (row(), row(), NAN, None),
        (row(-1.0), row(-2.0), 9.0, None),
        (row(math.inf), row(1.0), 9.0, None),
    ],
)
def test_only_a_gap_that_is_worth_it_is_attributed(
    moving: dict[str, float], batch: dict[str, float], distance: float, expected: str | None
) -> None:
    assert score_of_gap(moving, batch, distance) == expected


def enter(rows: int) -> Entered:
    values = np.random.default_rng(2).normal(size=(rows, 8))
    off = np.square(values - values.mean(axis=0))
    return Entered.from_rows(np.ones(rows), values, off)


def test_a_few_channels_that_are_far_off_are_suspected() -> None:
    entered = enter(400)
    mean, variance = entered.mean.copy(), entered.variance.copy()
    assert suspicion(entered, mean, variance, 0.0) == (0.0, False)
    mean[0] += 5.0
    size, beyond_chance = suspicion(entered, mean, variance, 0.0)
    assert beyond_chance
    assert size == pytest.approx(5.0 / np.sqrt(variance[0]) / np.sqrt(8))


def test_what_a_small_batch_may_show_by_chance_is_not_suspected() -> None:
    entered = enter(9)
    assert not suspicion(entered, np.zeros(8), np.ones(8), 0.0)[1]
    assert not suspicion(enter(1), np.zeros(8), np.ones(8), 1e-3)[1]
    assert suspicion(entered, np.full(8, NAN), np.ones(8), 0.0) == (math.inf, True)
