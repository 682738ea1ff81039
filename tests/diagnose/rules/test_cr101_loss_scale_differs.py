from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import compare
from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge_two


def tape(factor: float = 10.0, *, optimizer: str | None = "SGD", **columns: Any) -> ModelHistory:
    """A loop whose loss is `factor` times Keras' mean of 0.5."""
    loss = create_loss("own", **{"measured": 0.5 * factor, **columns}, static={"reduction": None})
    return create_history(run="tape", losses=[loss], facts={"optimizer": optimizer})


def fit(*, rate: float = 0.01, optimizer: str | None = "SGD", **columns: Any) -> ModelHistory:
    loss = create_loss(**{"learning_rate": rate, **columns})
    model = {"learning_rate": rate}
    return create_history(run="fit", losses=[loss], model=model, facts={"optimizer": optimizer})


FINDINGS = {
    "ten outputs": (tape(), fit()),
    "just above": (tape(1.031), fit()),
    "just below": (tape(0.969), fit()),
    "learning rates that do not make up for it": (tape(), fit(rate=0.05)),
    "a mean that nobody divided by two replicas": (tape(1.0, replicas=2.0), fit()),
    "one run's learning rate unknown": (tape(), fit(rate=np.nan)),
}

SILENT = {
    "the same": (fit(), fit()),
    "closer than counts differ": (tape(1.029), fit()),
    "a mean divided by two replicas": (tape(0.5, replicas=2.0), fit()),
    "learning rates make up for it": (tape(), fit(rate=0.1)),
    "different losses": (
        tape(),
        create_history(losses=[create_loss(static={"keras_class": "MeanAbsoluteError"})]),
    ),
    "not recognised": (
        tape(keras_mean=np.nan),
        create_history(losses=[create_loss(static={"keras_class": None})]),
    ),
    "Keras' mean not known": (tape(keras_mean=np.nan), fit()),
    "a factor that varies": (tape(measured=[5.0, 4.0, 5.0]), fit()),
    "not measured": (tape(), create_history(run="fit")),
    "zero": (tape(measured=0.0), fit()),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_warns(name: str) -> None:
    outcome = judge_two("CR101", *FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert outcome.runs == ("tape", "fit")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge_two("CR101", *SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["not measured", "different losses", "a factor that varies"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge_two("CR101", *SILENT[name]).status == "not_checked"


def test_gives_the_quotient_and_the_equal_learning_rate() -> None:
    outcome = judge_two("CR101", tape(), fit())
    assert outcome.evidence["quotient"] == pytest.approx(10.0)
    assert outcome.evidence["equal_learning_rate_of_other"] == pytest.approx(0.1)  # 0.01 * 10
    assert "learning_rate=0.1" in outcome.fix


def test_an_unknown_learning_rate_is_not_made_up() -> None:
    loop = create_history(
        losses=[create_loss(measured=5.0, learning_rate=np.nan)], model={"learning_rate": np.nan}
    )
    outcome = judge_two("CR101", loop, fit())
    assert outcome.evidence["equal_learning_rate_of_other"] is None
    assert "`learning_rate=0.1` if that is 0.01" in outcome.fix


def test_the_other_way_round_gives_the_inverse() -> None:
    outcome = judge_two("CR101", fit(), tape())
    assert outcome.evidence["quotient"] == pytest.approx(0.1)
    assert outcome.evidence["equal_learning_rate_of_other"] == pytest.approx(0.001)


@pytest.mark.parametrize(("one", "other"), [("Adam", "Adam"), ("adamw", "RMSprop"), (None, "Adam")])
def test_an_optimizer_that_cancels_the_factor_makes_it_an_info(
    one: str | None, other: str | None
) -> None:
    outcome = judge_two("CR101", tape(optimizer=one), fit(optimizer=other))
    assert (outcome.status, outcome.severity) == ("finding", "info")


@pytest.mark.parametrize(("one", "other"), [("SGD", "Adam"), (None, None)])
def test_any_other_optimizer_keeps_the_warning(one: str | None, other: str | None) -> None:
    outcome = judge_two("CR101", tape(optimizer=one), fit(optimizer=other))
    assert outcome.severity == "warning"


def test_expected_in_either_run() -> None:
    expecting = create_history(losses=[create_loss()], facts={"expect": ("CR101",)})
    outcome = compare(tape(), expecting)[0]
    assert (outcome.status, outcome.expected) == ("finding", True)
