from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_gradient, create_history, create_loss
from tests.support.judging import judge, judge_all


def loop(
    value: Any, regularization: Any = 0.1, replicas: float = 1.0, **facts: Any
) -> ModelHistory:
    """A loss of 0.5 on labels and predictions, of which `value` was differentiated."""
    loss = create_loss(value_given=value, regularization=regularization, replicas=replicas)
    facts = {"trained_by": "loop", "own_train_step": False, **facts}
    return create_history(losses=[loss], facts=facts)


FINDINGS = {
    "left out": loop(0.5),
    "just large enough": loop(0.5, 0.0101),
    "a quarter off": loop(0.5249),
    "in a train_step of one's own": loop(0.5, trained_by="fit", own_train_step=True),
}

SILENT = {
    "added": loop(0.6),
    "more than a quarter off": loop(0.5251),
    "other terms": loop(0.65),
    "once, divided by the replicas": loop(0.55, replicas=2.0),
    "added in one record": loop([0.5, 0.6, 0.5]),
    "fit": loop(0.5, trained_by="fit"),
    "none": loop(0.5, 0.0),
    "too small to tell": loop(0.5, 0.0099),
    "no model known": loop(0.5, np.nan),
    "value not given": loop(np.nan),
    "not measured": create_history(facts={"trained_by": "loop"}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR106", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 3))
    assert "model.losses" in outcome.fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR106", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name",
    ["too small to tell", "no model known", "value not given", "not measured", "other terms"],
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR106", SILENT[name]).status == "not_checked"


@pytest.mark.parametrize(
    ("value", "replicas", "said"),
    [
        (0.7, 1.0, "2 times"),
        (0.7099, 1.0, "2 times"),
        (0.6, 2.0, "once for each of the 2 replicas"),
        (0.5, 2.0, "without the regularizers"),
    ],
)
def test_how_often_they_count(value: float, replicas: float, said: str) -> None:
    outcome = judge("LR106", loop(value, replicas=replicas))
    assert outcome.status == "finding"
    assert said in outcome.message


@pytest.mark.parametrize("value", [0.7101, 0.6899])
def test_nearly_twice_may_be_another_term(value: float) -> None:
    assert judge("LR106", loop(value)).status == "not_checked"


@pytest.mark.parametrize("value", [0.5, 0.6, 0.7])
def test_on_replicas_they_are_divided(value: float) -> None:
    assert "scale_regularization_loss" in judge("LR106", loop(value, replicas=2.0)).fix
    if value != 0.6:
        assert "scale_regularization_loss" not in judge("LR106", loop(value)).fix


def test_a_function_that_is_no_loss_of_keras_may_hold_them() -> None:
    loss = create_loss(value_given=0.6, measured=0.6, regularization=0.1, keras_mean=np.nan)
    history = create_history(losses=[loss], facts={"trained_by": "loop", "own_train_step": False})
    assert judge("LR106", history).status == "not_checked"


def test_of_several_losses_one_may_be_without() -> None:
    parts = [
        create_loss(name, value_given=0.5, regularization=0.1, measured=0.5)
        for name in ("loss/near", "loss/far")
    ]
    history = create_history(losses=parts, facts={"trained_by": "loop", "own_train_step": False})
    statuses = [outcome.status for outcome in judge_all("LR106", history)]
    assert statuses == ["not_checked", "not_checked"]


def by_gradient(
    least: Any,
    most: Any = None,
    *,
    replicas: int = 1,
    reached: Any = 2.0,
    last: int = 3,
    **facts: Any,
) -> ModelHistory:
    """Two regularized weights, and how often their terms came back in a pass."""
    gradient = create_gradient(
        "regularizers",
        at=[1, 2, last],
        regularizers=2.0,
        regularizers_reached=reached,
        regularizer_times_least=least,
        regularizer_times_most=least if most is None else most,
    )
    facts = {"trained_by": "fit", "own_train_step": True, "replicas": replicas, **facts}
    return replace(create_history(facts=facts), gradients=(gradient,))


@pytest.mark.parametrize(
    ("history", "text"),
    [
        (by_gradient(2.0), "count 2 times in the differentiated loss"),
        (by_gradient(1.0, 2.0), "count 2 times"),
        (by_gradient(2.0019), "count 2 times"),
        (by_gradient(3.0, own_train_step=False), "count 3 times"),
        (by_gradient(1.0, replicas=2), "once for each of the 2 replicas"),
        (by_gradient(1.0, replicas=2, trained_by="loop"), "once for each of the 2 replicas"),
        (by_gradient([1.0, 1.0, 2.0]), "count 2 times"),
    ],
)
def test_by_what_comes_back_they_count_several_times(history: ModelHistory, text: str) -> None:
    outcome = judge("LR106", history)
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 3))
    assert text in outcome.message


@pytest.mark.parametrize(
    ("history", "status"),
    [
        (by_gradient(1.0), "ok"),
        (by_gradient(1.0, own_train_step=False), "ok"),
        (by_gradient(0.5, replicas=2), "ok"),
        (by_gradient(1.0, trained_by="loop"), "ok"),
        (by_gradient(1.0, reached=1.0), "not_checked"),
        (by_gradient(0.5), "not_checked"),
        (by_gradient(0.5, 2.0), "not_checked"),
        (by_gradient(2.0021), "not_checked"),
        (by_gradient(np.nan, reached=0.0), "not_checked"),
        (by_gradient(0.0, reached=0.0, last=19), "not_checked"),
        (by_gradient([0.0, 0.0, 1.0], reached=[0.0, 0.0, 2.0], last=40), "ok"),
    ],
)
def test_by_what_comes_back_they_count_once_or_it_is_not_known(
    history: ModelHistory, status: str
) -> None:
    assert judge("LR106", history).status == status


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("trained_by", ["fit", "loop"])
def test_none_came_back(trained_by: str, replicas: int) -> None:
    history = by_gradient(0.0, reached=0.0, last=20, trained_by=trained_by, replicas=replicas)
    outcome = judge("LR106", history)
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 20))
    assert "without the regularizers" in outcome.message
    assert ("scale_regularization_loss" in outcome.fix) == (replicas == 2)


@pytest.mark.parametrize(
    ("loss_class", "status"),
    [("MeanSquaredError", "ok"), ("run.total_loss", "not_checked"), ("total_loss", "not_checked")],
)
def test_a_function_in_fit_may_add_them_too(loss_class: str, status: str) -> None:
    losses = [create_loss(static={"loss_class": loss_class}).facts]
    facts = {"trained_by": "fit", "own_train_step": False, "losses": losses}
    assert judge("LR106", create_history(facts=facts)).status == status
