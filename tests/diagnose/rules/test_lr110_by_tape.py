"""LR110 in a loop: what came back to its predictions, against the loss that it hands over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_gradient, create_history, create_loss
from tests.support.judging import judge

NAN = float("nan")
TEN = tuple(range(1, 11))
ROWS, OUTPUTS = 48.0, 3.0
TF_KERAS = "tf_keras 2.21.0"
SHORT = [ROWS] * 8 + [17.0] * 2  # rows of batches, of which two are short


def loop(
    factor: Any,
    *,
    cosine: Any = 1.0,
    rows: Any = ROWS,
    of_keras: float = 1.0,
    scale: Any = NAN,
    applied: Any = None,
    given: Any = None,
    loss: Any = None,
    **facts: Any,
) -> ModelHistory:
    """Ten records of a loop of 48 rows and 3 outputs, whose loss is a mean by itself."""
    columns = {"factor": factor, "cosine": cosine, "rows": rows, "scale": scale}
    tape = {f"tape_{name}": value for name, value in columns.items()} | {"tape_of_keras": of_keras}
    gradients = [create_gradient("tape", at=TEN, **tape)]
    if applied is not None:
        times, passes = applied
        direction = NAN if times is None else 1.0
        known = {"applied_factor": times or 0.3, "applied_cosine": direction}
        gradients.append(create_gradient("optimizer", at=TEN, applied_passes=passes, **known))
    if given is not None:
        known = {"given_factor": given, "given_cosine": 1.0, "given_channels": 3.0}
        gradients.append(create_gradient("given", at=TEN, **known, given_scale=scale))
    measured = create_loss(**{"batch": ROWS, "outputs": OUTPUTS, **(loss or {})})
    history = create_history(losses=[measured], facts={"trained_by": "loop", **facts})
    frequent = np.full(len(history.steps), ROWS)
    counted = {**history.model_columns, "batch_frequent": frequent, "loss_scale": frequent * NAN}
    return replace(history, gradients=tuple(gradients), model_columns=counted)


# a loop, the factor of its steps, and words of the message
FACTORS: dict[str, tuple[ModelHistory, float, str]] = {
    "a vector": (loop(ROWS), ROWS, "the sum over 48 rows, as of a vector"),
    "all values added up": (loop(ROWS * OUTPUTS), ROWS * OUTPUTS, "(outputs x rows)"),
    "divided again": (loop(1 / ROWS), 1 / ROWS, "divided by the 48 rows once more"),
    "just the rows": (loop(ROWS * 1.0049), ROWS * 1.0049, "the sum over 48 rows"),
    "one of ten otherwise": (loop([ROWS] * 9 + [1.0]), ROWS, "the sum over 48 rows"),
    "of one pass": (loop(ROWS, applied=(1.0, 1.0)), ROWS, "the sum over 48 rows"),
    "clipped": (loop(ROWS, applied=(None, 1.0)), ROWS, "the sum over 48 rows"),
    "a vector without a value": (
        loop(ROWS, loss={"elements": ROWS, "measured": 0.5 * ROWS, "doubled": ROWS}),
        ROWS,
        "as of a vector",
    ),
    "of a function that is a mean": (loop(ROWS, of_keras=0.0), ROWS, "the sum over 48 rows"),
    "of half of a function": (
        loop(ROWS / 2, of_keras=0.0, loss={"measured": 1.0, "doubled": 1.0}),
        ROWS,
        "the sum over 48 rows",
    ),
    "on two replicas": (loop(ROWS / 2, replicas=2), ROWS, "the sum over 48 rows"),
    "batches of two sizes": (loop(np.array(SHORT), rows=SHORT), ROWS, "the sum over the rows"),
    "divided by a fixed number": (
        loop(np.array(SHORT) / 16.0, rows=SHORT),
        ROWS / 16.0,
        "divided by a fixed 16, and depends on the size",
    ),
}
SCALED = {
    "divided by Keras 3 alone": (loop(1.0, scale=1024.0), 1 / 1024),
    "the same, as the optimizer is given it": (
        loop(1.0, scale=1024.0, applied=(1.0, 1.0)),
        1 / 1024,
    ),
    "multiplied with tf_keras alone": (
        loop(1024.0, scale=1024.0, applied=(1.0, 1.0), keras=TF_KERAS),
        1024.0,
    ),
}

OK = {
    "the mean": loop(1.0),
    "just the mean": loop(1.0049),
    "the mean, clipped": loop(1.0, applied=(None, 1.0)),
    "of two replicas": loop(0.5, replicas=2),
    "accumulated": loop(0.25, applied=(1.0, 4.0)),
    "accumulated and averaged": loop(1.0, applied=(0.25, 4.0)),
    "scaled in Keras 3": loop(1024.0, scale=1024.0),
    "scaled with tf_keras": loop(1024.0, scale=1024.0, applied=(1 / 1024, 1.0), keras=TF_KERAS),
    "a scale of 1": loop(1.0, scale=1.0),
    "a function of the program's own": loop(1.0, of_keras=0.0, loss={"keras_mean": NAN}),
    "what the optimizer is given, by its bias": loop(
        1024.0, scale=1024.0, given=1.0, keras=TF_KERAS
    ),
}
FACTS = {
    "a weight of the loss": loop(0.5),
    "a weight of 100": loop(100.0),
    "a weight of 0.003": loop(0.003),
    "just not the rows": loop(ROWS * 1.0051),
    "a sum over the outputs": loop(OUTPUTS),
    "8 rows, and a weight of 8": loop(8.0, rows=8.0),
    "100 rows, and a weight of 100": loop(100.0, rows=100.0),
    "100 rows, and a weight of 0.01": loop(0.01, rows=100.0),
    "two replicas, and a weight of 2": loop(1.0, replicas=2),
    "a fixed divisor that is the rows": loop(np.array(SHORT) / ROWS, rows=SHORT),
    "with Adam": loop(ROWS, optimizer="Adam"),
    "a loss scale, with Adam": loop(1.0, scale=1024.0, optimizer="Adam"),
}
REASONS = {
    "another loss": (loop(1.0, cosine=0.8), "no fixed multiple"),
    "just another direction": (loop(1.0, cosine=0.99989), "no fixed multiple"),
    "weights of rows": (loop(np.linspace(0.8, 1.2, 10)), "no fixed multiple"),
    "passes that are not known": (loop(ROWS, applied=(1.0, NAN)), "not known what"),
    "scaled with tf_keras, and no more is known": (
        loop(1024.0, scale=1024.0, keras=TF_KERAS),
        "not known what",
    ),
    "four means added up": (loop(1.0, applied=(1.0, 4.0)), "adds up 4 backward passes"),
    "as the sum that is handed over": (
        loop(ROWS, loss={"measured": 0.5 * ROWS, "doubled": ROWS}),
        "as the loss that it hands over is",
    ),
    "as the value of a vector says": (
        loop(
            ROWS,
            loss={
                "elements": ROWS,
                "measured": 0.5 * ROWS,
                "doubled": ROWS,
                "value_given": 0.5 * ROWS,
            },
        ),
        "as the loss that it hands over is",
    ),
    "a function that is a sum": (
        loop(1 / ROWS, of_keras=0.0, loss={"keras_mean": NAN}),
        "none of Keras'",
    ),
}

FINDINGS = {name: history for name, (history, *_) in (FACTORS | SCALED).items()}
SILENT = OK | FACTS | {name: history for name, (history, _) in REASONS.items()}
SHARES = {"one of ten otherwise"}  # of fewer records it is another one
for name in SHARES:
    del FINDINGS[name]


@pytest.mark.parametrize("name", FACTORS)
def test_finds(name: str) -> None:
    history, factor, said = FACTORS[name]
    outcome = judge("LR110", history)
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 10))
    assert not outcome.fact
    assert outcome.evidence["factor"] == pytest.approx(factor)
    assert said in outcome.message
    assert f"multiply the learning rate by {factor:.4g}" in outcome.fix


@pytest.mark.parametrize("name", SCALED)
def test_finds_a_loss_scale(name: str) -> None:
    history, factor = SCALED[name]
    outcome = judge("LR110", history)
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert outcome.evidence["factor"] == pytest.approx(factor)


@pytest.mark.parametrize("name", OK)
def test_is_ok(name: str) -> None:
    outcome = judge("LR110", OK[name])
    assert outcome.status == "ok"
    assert not outcome.fact


@pytest.mark.parametrize("name", FACTS)
def test_what_may_be_meant_is_a_fact(name: str) -> None:
    outcome = judge("LR110", FACTS[name])
    assert (outcome.status, outcome.fact) == ("ok", True)


@pytest.mark.parametrize("name", REASONS)
def test_missing_evidence_is_not_ok(name: str) -> None:
    history, said = REASONS[name]
    outcome = judge("LR110", history)
    assert outcome.status == "not_checked"
    assert said in (outcome.reason or "")


def test_an_optimizer_that_is_not_known_is_no_warning() -> None:
    assert judge("LR110", loop(ROWS, optimizer=None)).severity == "info"
    assert judge("LR110", loop(ROWS, optimizer="Mine")).severity == "info"


def test_the_step_is_told_with_its_factor() -> None:
    from tb_bnplugin.diagnose.evidence.step import describe_step

    assert "48 (rows) x mean loss" in (describe_step(loop(ROWS)) or "")
    assert describe_step(loop(0.25, applied=(1.0, 4.0))) != describe_step(loop(0.25))
