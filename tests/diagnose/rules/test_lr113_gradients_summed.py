"""LR113: gradients that are added up before a step of the optimizer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import GradientHistory, ModelHistory
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge

NAN = float("nan")
DIVIDED = {"value_given": 0.125, "keras_mean": 0.5, "measured": 0.5, "doubled": 0.5}
MEAN = {**DIVIDED, "value_given": 0.5}
OF_ALL_ROWS = {"value_given": 0.125, "keras_mean": 0.5, "measured": 0.125, "doubled": 0.25}
A_SUM = {"value_given": 0.5, "keras_mean": 0.5, "measured": 0.5, "doubled": 1.0}


def applied(
    factor: Any = 1.0,
    passes: Any = 1.0,
    cosine: Any = 1.0,
    reduced: Any = NAN,
    loss: dict[str, Any] | None = None,
    own_step: float | None = None,
    **facts: Any,
) -> ModelHistory:
    """Ten steps of an optimizer, of a loop unless told otherwise."""
    columns = {
        "applied_factor": factor,
        "applied_passes": passes,
        "applied_cosine": cosine,
        "reduced_factor": reduced,
        "reduced_cosine": np.where(np.isfinite(reduced), 1.0, NAN),
    }
    gradients = [_gradient("optimizer", columns)]
    if own_step is not None:
        at_predictions = {"factor": own_step, "cosine": 1.0, "steps": 5.0, "passes": 5.0}
        gradients.append(_gradient("loss", at_predictions))
        facts = {"own_train_step": True, "trained_by": "fit", **facts}
    history = create_history(
        losses=[] if loss is None else [create_loss(**loss)],
        facts={"trained_by": "loop", **facts},
    )
    return replace(history, gradients=tuple(gradients))


def _gradient(name: str, columns: dict[str, Any]) -> GradientHistory:
    return GradientHistory(
        name=name,
        steps=np.arange(1, 11, dtype=np.int64),
        columns={key: np.broadcast_to(each, 10).astype(float) for key, each in columns.items()},
    )


def nine_of_ten(value: float, other: float) -> list[float]:
    return [value] * 9 + [other]


SUMMED = {
    "four summed": (applied(passes=4.0, loss=MEAN), 4.0),
    "four summed, one at a minimum": (applied(nine_of_ten(1.0, 3.0), 4.0, loss=MEAN), 4.0),
    "four of an own step": (applied(passes=4.0, own_step=1.0), 4.0),
    "with penalties": (
        applied(passes=4.0, loss={**MEAN, "value_given": 0.6, "regularization": 0.1}),
        4.0,
    ),
    "added twice": (applied(2.0), 2.0),
    "just added twice": (applied(2.0099), 2.0),
    "summed over the replicas twice": (
        applied(np.linspace(0.1, 1.9, 10), cosine=0.7, reduced=1.0, replicas=2),
        2.0,
    ),
    "of replicas with the same rows": (applied(2.0, reduced=1.0, replicas=2), 2.0),
}

FINDINGS = {name: history for name, (history, _) in SUMMED.items()}
SILENT = {
    "one pass": applied(),
    "just one pass": applied(1.0049),
    "four averaged": applied(0.25, 4.0, loss=MEAN),
    "four of a loss that is divided": applied(passes=4.0, loss=DIVIDED),
    "four of a loss over all rows": applied(passes=4.0, loss=OF_ALL_ROWS),
    "divided in an own step": applied(passes=4.0, own_step=0.25),
    "divided, with penalties": applied(
        passes=4.0, loss={**DIVIDED, "value_given": 0.225, "regularization": 0.1}
    ),
    "each replica its own": applied(1.0, reduced=0.5, replicas=2),
    "the mean over the replicas": applied(0.6, cosine=0.7, reduced=0.5, replicas=2),
    "Keras' own step": create_history(),
}

NOT_CHECKED = {
    "four, of an unknown loss": applied(passes=4.0),
    "four of sums": applied(passes=4.0, loss=A_SUM),
    "four of a loss without its value": applied(passes=4.0, loss={**MEAN, "value_given": NAN}),
    "four of another loss in an own step": applied(passes=4.0, own_step=3.0),
    "clipped": applied(np.linspace(0.1, 0.9, 10)),
    "another direction": applied(2.0, cosine=0.9998),
    "eight of ten": applied([2.0] * 8 + [3.0, 1.0]),
    "a multiple": applied(3.0),
    "just no twice": applied(2.0101),
    "passes that differ": applied(passes=nine_of_ten(4.0, 3.0), loss=MEAN),
    "passes that are not told": applied(passes=NAN),
    "two steps": applied([2.0, 2.0] + [NAN] * 8),
    "no measurement": create_history(facts={"trained_by": "loop"}),
    "no measurement in an own step": create_history(facts={"own_train_step": True}),
}


@pytest.mark.parametrize("name", SUMMED)
def test_finds(name: str) -> None:
    history, times = SUMMED[name]
    outcome = judge("LR113", history)
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert outcome.evidence["times"] == times
    assert f"{times:.6g} times too large" in outcome.message


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR113", SILENT[name]).status == "ok"


@pytest.mark.parametrize("name", NOT_CHECKED)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR113", NOT_CHECKED[name]).status == "not_checked"


def test_adam_divides_it_out() -> None:
    assert judge("LR113", applied(passes=4.0, loss=MEAN, optimizer="Adam")).fact


@pytest.mark.parametrize(
    ("name", "said", "cure"),
    [
        ("four summed", "4 backward passes", "`loss = loss_fn(y, y_pred) / 4`"),
        ("summed over the replicas twice", "over the 2 replicas", "leave the `all_reduce` out"),
        ("added twice", "reaches the optimizer twice", "Add each gradient once"),
    ],
)
def test_the_sum_is_explained(name: str, said: str, cure: str) -> None:
    outcome = judge("LR113", SUMMED[name][0])
    assert said in outcome.message
    assert cure in (outcome.fix or "")
