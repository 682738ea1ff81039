"""LR109: a short batch whose mean counts as much as that of a full one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import LossHistory, ModelHistory
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge


def epochs(
    of_short: Any = 10.0, rows: float = 2.0, count: int = 6, grows: float = 1.0, **facts: Any
) -> ModelHistory:
    """Epochs of two batches of 16 rows with a loss of 1, and a short one."""
    short = np.broadcast_to(np.asarray(of_short, float), count)
    measured = np.array([[1.0, 1.0, each] for each in short]).ravel()
    columns = {
        "measured": measured,
        "doubled": grows * measured,
        "batch": np.tile([16.0, 16.0, rows], count),
    }
    known = create_loss()
    loss = LossHistory(
        name="loss",
        facts=known.facts,
        steps=np.arange(1, len(measured) + 1, dtype=np.int64),
        columns=columns,
    )
    history = create_history(facts={"trained_by": "loop", **facts})
    return replace(history, losses=(loss,))


# of batches (2 + v) / 3, of rows (32 + 2 v) / 34: their quotient is 1.2 at v = 1.7612
FINDINGS = {
    "ten times the loss": epochs(),
    "just enough": epochs(1.763),
    "four epochs": epochs(count=4),
    "an easy batch": epochs(0.1),
}

SILENT = {
    "no short batch": epochs(rows=16.0),
    "the same loss": epochs(1.0),
    "just not enough": epochs(1.760),
    "to either side": epochs([10.0, 0.5, 10.0, 10.0, 10.0, 10.0]),
    "nearly full": epochs(rows=15.0),
}

NOT_CHECKED = {
    "three epochs": epochs(count=3),
    "a sum": epochs(grows=2.0),
    "replicas": epochs(replicas=2),
    "not measured": create_history(facts={"trained_by": "loop"}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR109", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR109", SILENT[name]).status == "ok"


@pytest.mark.parametrize("name", NOT_CHECKED)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR109", NOT_CHECKED[name]).status == "not_checked"


def test_the_quotient_is_told() -> None:
    outcome = judge("LR109", FINDINGS["ten times the loss"])
    assert outcome.evidence["mean_of_batches"] == pytest.approx(4.0)
    assert outcome.evidence["mean_of_rows"] == pytest.approx(52 / 34)
    assert "2.615 times that over the rows" in outcome.message
    assert "weighs 8 times as much" in outcome.message


def test_a_vector_whose_mean_the_loop_takes_is_a_mean() -> None:
    """As `reduction=None` gives it, with `value=tf.reduce_mean(vector)`."""
    (loss,) = epochs().losses
    rows = loss.columns["batch"]
    vector = {name: loss.columns[name] * rows for name in ("measured", "doubled")}
    given = {"elements": rows, "value_given": loss.columns["measured"]}
    columns = {**loss.columns, **vector, **given, "doubled": 2 * vector["doubled"]}
    for value in (1.0, 0.05):  # of the mean, of which a weight makes no other loss
        given["value_given"] = value * loss.columns["measured"]
        history = replace(
            epochs(), losses=(replace(loss, columns={**columns, **given, "name": rows}),)
        )
        assert judge("LR109", history).status == "finding"


def test_a_value_whose_growth_is_not_known_is_not_called_a_sum() -> None:
    (loss,) = epochs().losses
    rows = loss.columns["batch"]
    columns = {**loss.columns, "elements": rows, "value_given": loss.columns["measured"] + rows**3}
    outcome = judge("LR109", replace(epochs(), losses=(replace(loss, columns=columns),)))
    assert outcome.status == "not_checked"
    assert "is not known" in (outcome.reason or "")
    assert "see LR101" not in (outcome.reason or "")
