"""LR110 in a loop: what its optimizer is given, against the loss that it hands over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import SwitchedOff
from tests.support.histories import create_gradient, create_history, create_loss
from tests.support.judging import judge

NAN = float("nan")
TEN = tuple(range(1, 11))
TF_KERAS = "tf_keras 2.21.0"
GROWN = [1024.0] * 5 + [2048.0] * 5  # a loss scale that has doubled


def loop(
    factor: Any, scale: Any = NAN, cosine: Any = 1.0, channels: Any = 10.0, **facts: Any
) -> ModelHistory:
    """Ten records of a loop."""
    columns = {
        "given_factor": factor,
        "given_cosine": cosine,
        "given_channels": channels,
        "given_scale": scale,
    }
    history = create_history(losses=[create_loss()], facts={"trained_by": "loop", **facts})
    return replace(history, gradients=(create_gradient("given", at=TEN, **columns),))


FACTORS = {
    "divided by Keras 3 alone": (loop(1.0, 1024.0), 1 / 1024),
    "by one of ten steps not": (loop([1.0] * 9 + [0.5], 1024.0), 1 / 1024),
    "divided by a scale that grows": (loop(1.0, GROWN), 1 / 2048),
    "just divided": (loop(1.0049, 1024.0), 1 / 1024),
    "with one channel": (loop(1.0, 1024.0, channels=1.0), 1 / 1024),
    "multiplied with tf_keras alone": (loop(1024.0, 1024.0, keras=TF_KERAS), 1024.0),
    "multiplied by a scale that grows": (loop(GROWN, GROWN, keras=TF_KERAS), 2048.0),
}

OK = {
    "the mean": loop(1.0),
    "just the mean": loop(1.0049),
    "scaled in Keras 3": loop(1024.0, 1024.0),
    "scaled by what grows": loop(GROWN, GROWN),
    "divided again with tf_keras": loop(1.0, 1024.0, keras=TF_KERAS),
    "a scale of 1": loop(1.0, 1.0),
    "a scale of 1 with tf_keras": loop(1.0, 1.0, keras=TF_KERAS),
}

REASONS = {
    "a weight of the loss": (loop(0.5), "0.5 times"),
    "a weight, and a loss scale": (loop(0.5, 1024.0), "0.0004883 times"),
    "half of the loss scale": (loop(512.0, 1024.0, keras=TF_KERAS), "512 times"),
    "just not the loss scale": (loop(1.0051, 1024.0), "times the gradient"),
    "a sum over ten outputs": (loop(10.0), "10 times"),
    "clipped": (loop(np.linspace(0.1, 0.9, 10)), "no fixed multiple"),
    "clipped, with a loss scale": (loop(np.linspace(0.5, 1.5, 10), 1024.0), "no fixed multiple"),
    "of several batches": (loop(1.0, cosine=0.9), "no fixed multiple"),
    "just another direction": (loop(1.0, 1024.0, cosine=0.99989), "no fixed multiple"),
    "eight of ten": (loop([1.0] * 8 + [0.5, 2.0], 1024.0), "no fixed multiple"),
    "two steps": (loop([1.0, 1.0] + [NAN] * 8, 1024.0), "Fewer than three"),
    "replicas": (loop(1.0, 1024.0, replicas=2), "several replicas"),
    "not measured": (loop(NAN), "as the model made them"),
    "not measured on replicas": (loop(NAN, replicas=2), "as the model made them"),
    "no loss": (create_history(facts={"trained_by": "loop"}), "loss_reduction"),
}

# Of fewer records the share that agrees is another one.
SHARES = {"by one of ten steps not", "eight of ten"}
FINDINGS = {name: history for name, (history, _) in FACTORS.items() if name not in SHARES}
SILENT = OK | {name: history for name, (history, _) in REASONS.items() if name not in SHARES}


@pytest.mark.parametrize("name", FACTORS)
def test_finds(name: str) -> None:
    history, factor = FACTORS[name]
    outcome = judge("LR110", history)
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 10))
    assert not outcome.fact
    assert outcome.evidence["factor"] == pytest.approx(factor)


@pytest.mark.parametrize("name", OK)
def test_is_ok(name: str) -> None:
    assert judge("LR110", OK[name]).status == "ok"


@pytest.mark.parametrize("name", REASONS)
def test_missing_evidence_is_not_ok(name: str) -> None:
    history, said = REASONS[name]
    outcome = judge("LR110", history)
    assert outcome.status == "not_checked"
    assert said in (outcome.reason or "")


@pytest.mark.parametrize(
    ("name", "said", "cure"),
    [
        ("divided by Keras 3 alone", "1/1024 of what", "optimizer.scale_loss(loss)"),
        ("multiplied with tf_keras alone", "1024 times what", "optimizer.get_unscaled_gradients("),
    ],
)
def test_the_fix_is_that_of_the_flavour(name: str, said: str, cure: str) -> None:
    outcome = judge("LR110", FACTORS[name][0])
    assert said in outcome.message
    assert cure in outcome.fix


def divided_again(
    rows: float = 64.0, *, factor: float | None = None, facts: Any = None, **columns: Any
) -> ModelHistory:
    """A loop whose `value` is 1/rows of Keras' mean of 0.5, and so is what the optimizer gets."""
    value = {"value_given": 0.5 / rows, "batch": rows, "outputs": 4.0}
    history = loop(1 / rows if factor is None else factor, **(facts or {}))
    known = {**history.model_columns, "batch_frequent": np.full(len(history.steps), rows)}
    losses = (create_loss(**{**value, **columns}),)
    return replace(history, losses=losses, model_columns=known)


DIVIDED_AGAIN = {
    "64 rows": divided_again(),
    "48 rows": divided_again(48.0),
    "just 64": divided_again(value_given=0.5 / 64 * 1.00009),
    "of a vector": divided_again(elements=64.0, measured=32.0, doubled=64.0),
}
NOT_DIVIDED = {
    "not given to the optimizer": divided_again(factor=1 / 32),
    "predictions of another scale": divided_again(value_given=0.5 / 64**2),
    "no value": divided_again(value_given=NAN),
    "just another value": divided_again(value_given=0.5 / 64 * 1.0002),
    "a weight of 0.01, and 100 rows": divided_again(100.0),
    "a weight of 0.025, and 40 rows": divided_again(40.0),
    "a weight of 1/8, and 8 rows": divided_again(8.0),
    "as many outputs as rows": divided_again(outputs=64.0),
    "weighted": divided_again(static={"weighted": True}),
    "not recognised": divided_again(keras_mean=NAN),
    "the compiled loss": divided_again(static={"taken_from": "probe_data"}),
    "replicas": divided_again(facts={"replicas": 2}),
}


@pytest.mark.parametrize("name", DIVIDED_AGAIN)
def test_a_mean_that_is_divided_by_the_rows_again(name: str) -> None:
    outcome = judge("LR110", DIVIDED_AGAIN[name])
    rows = 48 if name == "48 rows" else 64
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 10))
    assert f"{rows} times too small" in outcome.message
    assert outcome.evidence["factor"] == pytest.approx(1 / rows)
    assert f"{rows} times as large as now" in outcome.fix
    assert outcome.fix.endswith(
        f"multiply the learning rate by {'0.02083' if rows == 48 else '0.01563'}."
    )


@pytest.mark.parametrize("name", NOT_DIVIDED)
def test_what_may_be_meant_is_not_told(name: str) -> None:
    assert judge("LR110", NOT_DIVIDED[name]).status == "not_checked"


def test_what_lr101_tells_by_batches_of_two_sizes_is_not_told_again() -> None:
    rows = np.array([64.0, 64.0, 51.0])
    total = rows * [0.5, 0.4, 0.7]
    vector = {"measured": total, "doubled": 2 * total, "keras_mean": total / rows}
    history = divided_again(batch=rows, elements=rows, value_given=total / 64**2, **vector)
    assert judge("LR101", history).status == "finding"
    outcome = judge("LR110", history)
    assert outcome.status == "not_checked"
    assert "see LR101" in (outcome.reason or "")


def test_a_division_too_many_counts_as_the_optimizer_does() -> None:
    assert judge("LR110", divided_again(facts={"optimizer": "Adam"})).fact
    assert judge("LR110", divided_again(facts={"optimizer": "Mine"})).severity == "info"


def test_adam_divides_it_out() -> None:
    assert judge("LR110", loop(1.0, 1024.0, optimizer="Adam")).fact


def test_the_failure_of_the_measurement_is_the_reason() -> None:
    failed = (SwitchedOff(part="gradients", reason="no memory"),)
    outcome = judge("LR110", loop(NAN, switched_off=failed))
    assert outcome.status == "not_checked"
    assert "no memory" in (outcome.reason or "")
