"""Two steps as numpy values: what is rounding, and what is a divergence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.twins.observed import LossSeen, Mode, Observed, OptimizerSeen, Weight
from tb_bnplugin.twins.report import compare
from tb_bnplugin.twins.tolerance import CONFIDENCE, Tolerance, norm, ratio

U = 2.0**-24


def step(name: str, **changes: Any) -> Observed:
    """A step of SGD with a rate of 0.1 on one layer and one normalization."""
    gradient = np.array([[0.3, -0.2], [0.1, 0.4]])
    before = np.array([[1.0, 2.0], [3.0, 4.0]])
    outputs = np.array([[0.5, 0.25], [1.0, 2.0]])
    values: dict[str, Any] = {
        "inputs": [[np.ones((2, 2))]],
        "modes": {"norm": [Mode(training=True)]},
        "outputs": [[outputs]],
        "gradients": {0: gradient},
        "steps": 1,
        "optimizers": [OptimizerSeen(name="SGD", learning_rate=0.1)],
        "weights": [
            Weight(
                name="dense/kernel",
                layer="dense",
                before=before,
                after=before - 0.1 * gradient,
                trainable=True,
            ),
            Weight(
                name="norm/moving_mean",
                layer="norm",
                before=np.zeros(2),
                after=np.array([0.01, 0.02]),
                trainable=False,
                statistic="mean",
                momentum=0.99,
                spread=1.0,
            ),
        ],
        "metrics": {"loss": 1.5},
    }
    seen: dict[str, Any] = {
        "passed": {"0": outputs / 2},
        "values": [1.5],
        "shapes": [()],
        "terms": {"dense/kernel": (1.0, 0.25)},
    }
    loss = LossSeen(**{key: changes.pop(key, value) for key, value in seen.items()})
    return Observed(name=name, rows=2, loss=loss, **{**values, **changes})


def stages(**changes: Any) -> list[str]:
    report = compare(step("one"), step("other", **changes), Tolerance(U, 100))
    return [each.stage for each in report.divergences]


def off(values: Any, by: float) -> Any:
    """The values, each off by a part of itself, with signs in turn."""
    signs = np.where(np.arange(values.size) % 2, 1.0, -1.0).reshape(values.shape)
    return values * (1.0 + by * signs)


LIMIT = CONFIDENCE * U * 10.0  # of 100 terms


@pytest.mark.parametrize(("part", "found"), [(0.9, False), (1.1, True)])
def test_just_within_and_just_beyond_rounding(part: float, *, found: bool) -> None:
    base = step("")
    by = part * LIMIT
    assert stages(outputs=[[off(base.outputs[0][0], by)]]) == (["outputs"] if found else [])
    # one number in a gradient may be noise of the others: that is as much again
    twice = stages(gradients={0: off(base.gradients[0], 2 * by)})
    assert twice == (["gradients"] if found else [])
    assert stages(metrics={"loss": 1.5 * (1.0 + by)}) == (["metrics"] if found else [])
    # a loss is the sum of terms as large as its gradient says
    terms = float(np.abs(base.loss.passed["0"] * base.outputs[0][0]).sum())
    assert stages(values=[1.5 + by * terms]) == (["loss"] if found else [])


def test_inputs_are_not_computed_and_have_no_more_than_one_rounding() -> None:
    assert stages(inputs=[[np.full((2, 2), 1.0 + U)]]) == []
    assert stages(inputs=[[np.full((2, 2), 1.0 + 4 * U)]]) == ["inputs"]


def test_the_order_is_that_in_which_data_flow() -> None:
    base = step("")
    found = stages(
        inputs=[[np.zeros((2, 2))]],
        modes={"norm": [Mode(training=False)]},
        outputs=[[base.outputs[0][0] * 2]],
        passed={"0": base.loss.passed["0"] * 3},
        terms={},
        gradients={0: base.gradients[0] * 2},
        metrics={"loss": 2.0},
    )
    assert found == [
        "inputs", "modes", "outputs", "loss", "regularization", "gradients", "metrics",
    ]  # fmt: skip


def test_numbers_that_are_not_finite() -> None:
    broken = np.array([[0.5, np.nan], [1.0, 2.0]])
    assert stages(outputs=[[broken]]) == ["outputs"]
    assert stages(gradients={0: np.full((2, 2), np.nan)}) == ["gradients"]
    one, other = (step(name, outputs=[[broken]]) for name in ("one", "other"))
    assert compare(one, other, Tolerance(U, 100)).first is None


def adam(gradient: Any, before: Any) -> dict[str, Any]:
    weights = step("").weights
    after = before - 0.1 * gradient / (np.abs(gradient) + 1e-7)  # the first step
    weight = Weight(name="a/b", layer="a", before=before, after=after, trainable=True)
    return {"gradients": {0: gradient}, "weights": [weight, weights[1]]}


def test_adam_steps_either_way_where_the_gradient_is_rounding_alone() -> None:
    before = np.zeros(4)
    gradient = np.array([1.0, -1.0, 1e-7, -1e-7])
    one = step("one", **adam(gradient, before))
    other = step("other", **adam(gradient * np.array([1, 1, -1, -1]), before))
    assert compare(one, other, Tolerance(U, 100)).first is None
    other = step("other", **adam(gradient * np.array([1, -1, 1, 1]), before))
    report = compare(one, other, Tolerance(U, 100))
    assert [each.stage for each in report.divergences] == ["gradients", "optimizer"]


def test_a_statistic_that_stands_still() -> None:
    weights = list(step("").weights)
    still = Weight(**{**vars(weights[1]), "after": weights[1].before})
    report = compare(step("one"), step("other", weights=[weights[0], still]), Tolerance(U, 100))
    assert [str(each) for each in report.divergences] == [
        "statistics: the moving statistics of 1 layer (norm) move in one, and not in other"
    ]


def test_unseen_is_not_the_same() -> None:
    report = compare(
        step("one"), step("other", unseen={"modes": "no layer was seen"}), Tolerance(U, 9)
    )
    assert not report.divergences
    assert not report.same()
    assert "not compared: no layer was seen" in str(report)


def test_sums_in_another_order_are_within_the_tolerance() -> None:
    random = np.random.default_rng(0)
    for terms in (10, 1000, 100_000):
        values = random.normal(size=(50, terms)).astype(np.float32)
        one = np.array([np.add.reduce(row[::-1]) for row in values], np.float64)
        other = np.cumsum(values, axis=1, dtype=np.float32)[:, -1].astype(np.float64)
        size = norm(np.abs(values).sum(axis=1))
        assert Tolerance(U, terms).same(one, other, size)


def test_precision_of_the_model_decides() -> None:
    shapes = [(10, 5), (5,)]
    fine = Tolerance.of(["float32"], shapes, 90)
    assert fine.relative == pytest.approx(CONFIDENCE * U * np.sqrt(10 + 90))
    assert Tolerance.of(["float32", "float16"], shapes, 90).unit == 2.0**-11
    assert Tolerance.of(["bfloat16"], shapes, 90).unit == 2.0**-8
    assert Tolerance.of(["float64"], shapes, 90).unit == U  # Keras keeps some of it in float32


def test_ratio() -> None:
    one = np.array([1.0, 2.0])
    np.testing.assert_allclose(ratio(one, 3 * one), (3, 1))
    np.testing.assert_allclose(ratio(one, np.array([-2.0, 1.0])), (0, 0), atol=1e-15)
    assert np.isnan(ratio(one, np.zeros(2))[0])
