from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.histories import create_gradient, create_history, create_loss
from tests.support.judging import judge

FINDINGS = {
    "sum over 10 outputs": create_history(losses=[create_loss(measured=5.0)]),
    "just below": create_history(losses=[create_loss(measured=5.0 * 0.9951)]),
    "just above": create_history(losses=[create_loss(measured=5.0 * 1.0049)]),
    "two outputs": create_history(losses=[create_loss(measured=1.0, outputs=2.0)]),
}

SILENT = {
    "mean": create_history(losses=[create_loss()]),
    "too low": create_history(losses=[create_loss(measured=5.0 * 0.9949)]),
    "too high": create_history(losses=[create_loss(measured=5.0 * 1.0051)]),
    "one output": create_history(losses=[create_loss(outputs=1.0)]),
    "another factor": create_history(losses=[create_loss(measured=1.0)]),
    "a factor that varies": create_history(losses=[create_loss(measured=[5.0, 4.0, 5.0])]),
    "not recognised": create_history(losses=[create_loss(measured=5.0, keras_mean=np.nan)]),
    "zero": create_history(losses=[create_loss(measured=0.0)]),
    "no loss": create_history(),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR102", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "info", (1, 3))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR102", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(("known", "is_known"), [(2, True), (1, False)])
def test_a_function_that_is_keras_loss_in_few_records_only_is_another(
    known: int, is_known: bool
) -> None:
    means = [0.5] * known + [np.nan] * (4 - known)
    columns = {"measured": 128.0, "keras_mean": means, "outputs": [256.0] * known + means[known:]}
    history = create_history(losses=[create_loss(steps=(1, 2, 3, 4), columns=columns)])
    outcome = judge("LR102", history)
    assert (outcome.status == "finding") == is_known
    assert outcome.evidence.get("outputs") == (256.0 if is_known else None)


def test_what_no_product_gives_is_told_only_where_the_outputs_are_known() -> None:
    other = judge("LR102", create_history(losses=[create_loss(measured=1.0, doubled=1.0)]))
    nothing = create_loss(measured=1.0, doubled=1.0, outputs=np.nan)
    unknown = judge("LR102", create_history(losses=[nothing]))
    assert other.fact
    assert "No product" in other.message
    assert "2 times Keras' mean" in unknown.message
    assert "No product" not in unknown.message


@pytest.mark.parametrize(("frequent", "is_told"), [(32.0, True), (64.0, False)])
def test_the_factor_of_a_short_batch_is_not_told(frequent: float, is_told: bool) -> None:
    # what the loop makes of a vector of 32 values, whose growth with the rows is not known
    loss = create_loss(elements=32.0, measured=16.0, doubled=32.0, value_given=3.0)
    history = create_history(losses=[loss], model={"batch_frequent": frequent})
    outcome = judge("LR102", history)
    assert outcome.fact == is_told
    assert ("batches of 32 rows only" in (outcome.reason or "")) != is_told


def test_gives_the_equal_learning_rate() -> None:
    outcome = judge("LR102", FINDINGS["sum over 10 outputs"])
    assert outcome.evidence["factor"] == pytest.approx(10.0)
    assert outcome.evidence["equal_learning_rate"] == pytest.approx(0.1)  # 0.01 * 10
    assert "learning_rate=0.1" in outcome.fix


def test_an_adaptive_optimizer_cancels_the_factor() -> None:
    history = create_history(losses=[create_loss(measured=5.0)], facts={"optimizer": "Adam"})
    outcome = judge("LR102", history)
    assert outcome.fact
    assert "Adam divides out" in outcome.message


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"measured": 2.5, "replicas": 2.0}, "finding"),  # 5 x 2 = 10 outputs, divided by replicas
        ({"measured": 5.0, "replicas": 2.0}, "finding"),  # 20: outputs and replicas
        ({"measured": 1.0}, "fact"),  # twice the mean: a weight of the loss
        ({"measured": 0.5 / 32}, "ok"),  # by the rows twice: no outputs in it
        ({"measured": 1.0, "replicas": 2.0}, "fact"),  # 4: neither 2 replicas nor 10 outputs
        ({"measured": 0.5, "replicas": 2.0}, "ok"),  # not divided by the replicas: LR105
    ],
)
def test_the_factor_of_the_step_is_named(columns: dict[str, Any], told: str) -> None:
    loss = create_loss(doubled=columns["measured"], **columns)
    outcome = judge("LR102", create_history(losses=[loss]))
    assert ("fact" if outcome.fact else outcome.status) == told


def test_a_learning_rate_that_varies_is_not_named() -> None:
    loss = create_loss(measured=5.0, learning_rate=[0.1, 0.05, 0.01])
    outcome = judge("LR102", create_history(losses=[loss]))
    assert outcome.evidence["equal_learning_rate"] is None
    assert "10 times the learning rate" in outcome.fix


def test_an_optimizer_that_is_not_known_gets_both_answers() -> None:
    loss = create_loss(measured=5.0, doubled=5.0)
    outcome = judge("LR102", create_history(losses=[loss], facts={"optimizer": None}))
    assert "If it is Adam, or another that divides a gradient by its own size" in outcome.fix
    assert "with SGD, use `learning_rate=0.1` with Keras' loss" in outcome.fix


@pytest.mark.parametrize(
    ("keras_class", "loop", "replicas", "mean"),
    [
        ("MeanSquaredError", True, 1.0, "`tf.reduce_mean(tf.square(y - y_pred))`"),
        ("MeanAbsoluteError", True, 1.0, "`tf.reduce_mean(tf.abs(y - y_pred))`"),
        ("BinaryCrossentropy", True, 1.0, "`tf.reduce_mean(loss_of_each_output)`"),
        (
            "MeanSquaredError",
            True,
            2.0,
            "`tf.nn.compute_average_loss(tf.reduce_mean(tf.square(y - y_pred), axis=-1))`",
        ),
        ("MeanSquaredError", False, 2.0, "`tf.reduce_mean(tf.square(y - y_pred))`"),
    ],
)
def test_the_mean_is_that_of_the_loss_and_of_all_replicas(
    keras_class: str, loop: bool, replicas: float, mean: str
) -> None:
    loss = create_loss(measured=2.5 * 2 / replicas, replicas=replicas)
    assert loss.facts is not None
    loss = replace(loss, facts=replace(loss.facts, keras_class=keras_class, taken_from="arguments"))
    facts = {"trained_by": "loop" if loop else "fit"}
    assert mean in judge("LR102", create_history(losses=[loss], facts=facts)).fix


@pytest.mark.parametrize(
    ("factor", "loss_class", "rows", "status"),
    [
        (1.0, "MeanSquaredError", 32.0, "ok"),
        (10.0, "MeanSquaredError", 32.0, "not_checked"),
        (1.0, "run.own_loss", 32.0, "not_checked"),
        (1.0, "MeanSquaredError", 1.0, "not_checked"),
    ],
)
def test_a_train_step_by_its_gradient(
    factor: float, loss_class: str, rows: float, status: str
) -> None:
    compiled = create_loss(static={"loss_class": loss_class}).facts
    history = create_history(
        facts={"own_train_step": True, "losses": [compiled]}, model={"batch_frequent": rows}
    )
    gradient = create_gradient(factor=factor, cosine=1.0, steps=10.0, passes=10.0)
    assert judge("LR102", replace(history, gradients=(gradient,))).status == status
