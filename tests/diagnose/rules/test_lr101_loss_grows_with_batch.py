from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory, OptimizerFacts
from tests.support.histories import FIFTY_STEPS, create_history, create_loss
from tests.support.judging import judge, judge_all

# A squared error whose sum over 32 rows and 10 outputs is 160: Keras' mean is 0.5.
TOTAL = 160.0


def fixed_divisor(divisor: float, *, frequent: float = 32.0, **columns: Any) -> ModelHistory:
    loss = create_loss(
        **{"measured": TOTAL / divisor, "doubled": 2 * TOTAL / divisor, **columns},
        static={"loss_class": "reduce_sum"},
    )
    return create_history(losses=[loss], model={"batch_frequent": frequent})


def accumulated(divisor: float, batches: int, **changed: Any) -> ModelHistory:
    """The optimizer steps once in some batches."""
    steps = np.array(FIFTY_STEPS)
    loss = fixed_divisor(divisor).losses[0]
    return create_history(
        losses=[loss], model={"batch_frequent": 32.0, "iterations": steps // batches}, **changed
    )


WARNINGS = {
    "128 at five batches of 32 a step": accumulated(128.0, 5),
    "128 at batches of 32": fixed_divisor(128.0),
    "sum": fixed_divisor(1.0),
    "fixed 32 at batches of 64": fixed_divisor(32.0, frequent=64.0),
    "ratio just below": fixed_divisor(1.0, doubled=2 * TOTAL * 0.9951),
    "ratio just above": fixed_divisor(1.0, doubled=2 * TOTAL * 1.0049),
}

ROWS = np.array([64.0, 64.0, 51.0, 64.0])


def by_value(value: Any, *, elements: Any = ROWS, rows: Any = ROWS, **columns: Any) -> ModelHistory:
    """Keras' mean of 0.5, and the value that a loop makes of what its loss returns."""
    total = elements * np.array([0.5, 0.4, 0.7, 0.3])  # a vector of rows, or a mean of them
    vector = {
        "elements": elements,
        "measured": total,
        "doubled": np.where(elements > 1, 2 * total, total),
        "keras_mean": total / elements,
        "batch": rows,
        "outputs": 4.0,
        "value_given": value(total),
    }
    loss = create_loss(steps=(1, 2, 3, 4), columns={**vector, **columns})
    return create_history(losses=[loss], model={"batch_frequent": 64.0})


ONE = np.ones(4)
FIXED = 64.0 * 64.0
BY_VALUE = {
    "a vector's sum over a fixed number": by_value(lambda total: total / FIXED),
    "a mean times the rows over a fixed number": by_value(
        lambda mean: mean * ROWS / FIXED, elements=ONE
    ),
    "just fitting": by_value(lambda total: total / FIXED * [1, 1.0009, 1, 1]),
}
BY_VALUE_TWICE = {
    "a vector's mean over the rows": by_value(lambda total: total / ROWS**2),
    "a mean over the rows": by_value(lambda mean: mean / ROWS, elements=ONE),
}
BY_VALUE_SILENT = {
    "a vector's mean": by_value(lambda total: total / ROWS),
    "a vector's mean, weighted": by_value(lambda total: 0.3 * total / ROWS),
    "a mean, weighted": by_value(lambda mean: 0.3 * mean, elements=ONE),
    "a mean and a penalty": by_value(lambda mean: mean + 0.01, elements=ONE),
    "a vector's mean and a penalty": by_value(lambda total: total / ROWS + 0.01),
    "just not fitting": by_value(lambda total: total / FIXED * [1, 1.0011, 1, 1]),
    "batches of one size": by_value(
        lambda total: total / FIXED, elements=np.full(4, 64.0), rows=np.full(4, 64.0)
    ),
    "sizes that are alike": by_value(
        lambda total: total / FIXED,
        elements=np.array([64.0, 64.0, 63.8, 64.0]),
        rows=np.array([64.0, 64.0, 63.8, 64.0]),
    ),
    "the mean of full batches": by_value(lambda total: total / 64.0),  # a fact
}

WARNINGS |= BY_VALUE
WARNINGS["a vector that the tape sums"] = create_history(
    losses=[create_loss(elements=32.0, measured=16.0, doubled=32.0, value_given=16.0)]
)

INFOS = {
    "fixed 32 at batches of 32": fixed_divisor(32.0),
    "compute_average_loss of a mean over outputs": fixed_divisor(320.0),
    "global batch of two replicas": fixed_divisor(64.0, replicas=2.0),
    "the rows of two replicas, measured on all": create_history(
        losses=fixed_divisor(64.0).losses,
        model={"batch_frequent": 32.0},
        facts={"replicas": 2},
    ),
    "128 at four batches of 32 a step": accumulated(128.0, 4),
    "Keras' mean not known": fixed_divisor(1.0, keras_mean=np.nan),
}

SILENT = {
    "mean": create_history(losses=[create_loss()]),
    # 32 values, whose sum is 16 and whose mean the loop differentiates
    "a vector whose mean is taken": create_history(
        losses=[create_loss(elements=32.0, measured=16.0, doubled=32.0, value_given=0.5)]
    ),
    "a vector that is reduced otherwise": create_history(
        losses=[create_loss(elements=32.0, measured=16.0, doubled=32.0, value_given=3.0)]
    ),
    "contrastive": create_history(losses=[create_loss(doubled=0.62)]),
    "ratio too low": fixed_divisor(1.0, doubled=2 * TOTAL * 0.9949),
    "ratio too high": fixed_divisor(1.0, doubled=2 * TOTAL * 1.0051),
    "once near 2, once not": create_history(losses=[create_loss(doubled=[1.0, 0.8, 1.0])]),
    "zero": create_history(losses=[create_loss(measured=0.0, doubled=0.0)]),
    "not doubled": create_history(losses=[create_loss(doubled=np.nan)]),
    "no loss": create_history(),
}

SILENT |= BY_VALUE_SILENT
FINDINGS = WARNINGS | INFOS


@pytest.mark.parametrize("name", WARNINGS)
def test_warns(name: str) -> None:
    outcome = judge("LR101", WARNINGS[name])
    last = 4 if name in BY_VALUE else 3
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, last))


@pytest.mark.parametrize("name", BY_VALUE)
def test_batches_of_two_sizes_show_how_the_value_of_a_loop_grows(name: str) -> None:
    # 4 outputs: the sum over rows and outputs is divided by 4 x 64 x 64
    outcome = judge("LR101", BY_VALUE[name])
    assert outcome.evidence["divisor"] == pytest.approx(16384.0)
    assert "divided by a fixed 16384 (4096 x 4 outputs)" in outcome.message
    said = "to keep the present steps, use learning_rate = 0.0001563 instead of 0.01."
    assert outcome.fix.endswith(said)  # 1/64 of the mean
    assert outcome.evidence["reduced_by_loop"]


@pytest.mark.parametrize("name", BY_VALUE_TWICE)
def test_so_they_do_of_a_mean_that_is_divided_again(name: str) -> None:
    outcome = judge("LR101", BY_VALUE_TWICE[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert "divided by the rows twice" in outcome.message


def test_a_value_of_the_loop_is_no_contrastive_loss() -> None:
    unknown = judge("LR101", BY_VALUE_SILENT["batches of one size"])
    assert "the loop reduces what it returns" in (unknown.reason or "")
    assert "contrastive" not in (unknown.reason or "")
    assert "contrastive" in (judge("LR101", SILENT["contrastive"]).reason or "")
    told = judge("LR101", BY_VALUE_SILENT["the mean of full batches"])
    assert "right only for 64 rows" in told.message


@pytest.mark.parametrize("name", INFOS)
def test_a_mean_while_batches_are_full_is_a_fact(name: str) -> None:
    outcome = judge("LR101", INFOS[name])
    assert outcome.fact or (outcome.status, outcome.severity) == ("finding", "info")
    assert outcome.fact == ("not known" not in outcome.message)


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR101", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name", ["contrastive", "a vector that is reduced otherwise", "zero", "not doubled", "no loss"]
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR101", SILENT[name]).status == "not_checked"


@pytest.mark.parametrize("divisor", [1.0, 32.0, 100.0])
def test_the_divisor_is_told(divisor: float) -> None:
    assert judge("LR101", fixed_divisor(divisor)).evidence["divisor"] == pytest.approx(divisor)


@pytest.mark.parametrize(
    ("divisor", "outputs", "times", "factor"),
    [
        (1.0, 1.0, "1/32 as large", 32.0),
        (128.0, 1.0, "4 times as large", 0.25),
        (1.0, 10.0, "1/320 as large", 320.0),
        (16.0, 10.0, "1/20 as large", 20.0),
        (1280.0, 10.0, "4 times as large", 0.25),
    ],
)
def test_the_cure_keeps_the_step(divisor: float, outputs: float, times: str, factor: float) -> None:
    # the present loss over Keras' mean of rows and outputs, which the printed reduction gives
    mean = TOTAL / (32 * outputs)
    history = fixed_divisor(divisor, outputs=outputs, keras_mean=mean)
    fix = judge("LR101", history).fix
    assert f"the repaired loss takes steps {times} as now, in batches of 32 rows;" in fix
    # the learning rate is 0.01
    assert fix.endswith(f"use learning_rate = {0.01 * factor:.4g} instead of 0.01.")
    said = "the loss of a row is the mean over its 10 outputs"
    assert (said in fix) == (outputs == 10.0)


def test_a_cure_that_leaves_the_step_as_it_is_says_so() -> None:
    # 320 fits batches of 32, of which five are accumulated
    fix = judge("LR101", accumulated(320.0, 5)).fix
    assert "the steps of 32 rows stay as they are" in fix


@pytest.mark.parametrize(
    ("divisor", "said"),
    [
        (1.0, "the sum over the batch,"),
        (10.0, "the sum over the rows of the mean over their 10 outputs,"),
        (32.0, "a sum divided by a fixed 32,"),  # 3.2 would be nobody's number
        (5.0, "a sum divided by a fixed 5,"),
        (640.0, "a sum over rows and outputs divided by a fixed 640 (64 x 10 outputs),"),
    ],
)
def test_the_divisor_is_that_of_either_loss_of_a_row(divisor: float, said: str) -> None:
    assert said in judge("LR101", fixed_divisor(divisor, frequent=48.0)).message


def test_the_most_frequent_measured_batch_serves_where_the_model_knows_none() -> None:
    history = fixed_divisor(32.0, frequent=np.nan)
    assert judge("LR101", history).fact


def test_a_short_batch_does_not_change_the_divisor() -> None:
    loss = create_loss(
        measured=[5.0, 5.0, 2.5], doubled=[10.0, 10.0, 5.0], batch=[32.0, 32.0, 16.0]
    )
    history = create_history(losses=[loss])
    assert judge("LR101", history).evidence["divisor"] == pytest.approx(32.0)


def test_each_loss_has_its_outcome_but_no_ok_beside_a_finding() -> None:
    losses = [
        create_loss("generator"),
        create_loss("critic", measured=TOTAL, doubled=2 * TOTAL),
        create_loss("contrast", doubled=0.62),
    ]
    found, unknown = judge_all("LR101", create_history(losses=losses))
    assert (found.status, found.evidence["loss"]) == ("finding", "critic")
    assert unknown.status == "not_checked"
    assert "contrast" in str(unknown.reason)


def test_adam_divides_the_factor_out() -> None:
    outcome = judge("LR101", accumulated(1.0, 1, facts={"optimizer": "Adam"}))
    assert outcome.fact
    assert "though Adam divides a constant factor out" in outcome.message
    plain = judge("LR101", accumulated(1.0, 1, facts={"optimizer": "SGD"}))
    assert "use learning_rate = 3.2 instead of 0.01." in plain.fix


def test_a_loss_divided_by_the_rows_twice_halves() -> None:
    halved = create_history(losses=[create_loss(doubled=0.25)])
    outcome = judge("LR101", halved)
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert "divided by the rows twice" in outcome.message
    assert judge("LR101", create_history(losses=[create_loss(doubled=0.2513)])).status != "finding"


def test_the_compiled_loss_says_nothing_of_an_own_train_step() -> None:
    compiled = create_loss(measured=TOTAL, doubled=2 * TOTAL, static={"taken_from": "probe_data"})
    own = {"own_train_step": True}
    outcome = judge("LR101", create_history(losses=[compiled], facts=own))
    assert outcome.status == "not_checked"
    assert "value=loss_value" in str(outcome.reason)
    assert judge("LR101", create_history(losses=[compiled])).status == "finding"
    handed_over = create_loss("mine", measured=TOTAL, doubled=2 * TOTAL)
    (outcome,) = judge_all("LR101", create_history(losses=[compiled, handed_over], facts=own))
    assert outcome.evidence["loss"] == "mine"


def test_a_batch_of_no_rows_is_no_crash() -> None:
    assert judge("LR101", fixed_divisor(1.0, batch=0.0)).status == "finding"


def test_the_cure_divides_by_the_rows_of_all_replicas() -> None:
    fix = judge("LR101", fixed_divisor(1.0, replicas=2.0)).fix
    assert "`tf.nn.compute_average_loss(per_example_loss)`" in fix
    assert "reduce_mean" not in fix
    # A replica has 32 rows. Before, the gradient is the sum of those of all 64, each
    # over 10 outputs; then their mean.
    assert "in batches of 64 rows" in fix
    assert "use learning_rate = 6.4 instead of 0.01." in fix


@pytest.mark.parametrize("optimizer", [None, "Ftrl", "Mine"])
def test_an_optimizer_that_is_not_known_is_not_taken_for_the_worst(optimizer: str | None) -> None:
    outcome = judge("LR101", accumulated(1.0, 1, facts={"optimizer": optimizer}))
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert "use learning_rate = 3.2 instead of 0.01." in outcome.fix
    if optimizer is None:
        assert "If it is Adam, or another that divides a gradient by its own size" in outcome.fix
        assert "watch(model, optimizer=...)" in outcome.fix
        assert "the step of an optimizer such as SGD" in outcome.message
    else:
        assert f"If {optimizer} steps in proportion to the gradient" in outcome.fix


def test_a_class_that_derives_from_adam_divides_the_factor_out() -> None:
    mine = OptimizerFacts(optimizer_class="Mine", keras_class="Adam", known_from="found")
    outcome = judge("LR101", accumulated(1.0, 1, facts={"optimizers": (mine,)}))
    assert outcome.fact


def test_two_optimizers_that_differ_are_none_that_is_known() -> None:
    both = tuple(
        OptimizerFacts(optimizer_class=name, keras_class=name, known_from="found")
        for name in ("Adam", "SGD")
    )
    outcome = judge("LR101", accumulated(1.0, 1, facts={"optimizers": both}))
    assert (outcome.status, outcome.severity) == ("finding", "info")


def test_a_division_too_many_is_an_info_where_the_optimizer_is_not_known() -> None:
    loss = create_loss(measured=0.5, doubled=0.25)
    outcome = judge("LR101", create_history(losses=[loss], facts={"optimizer": None}))
    assert (outcome.status, outcome.severity) == ("finding", "info")


RATES: dict[str, dict[str, Any]] = {
    "not known": {"model": {"learning_rate": np.nan}},
    "changed": {"model": {"learning_rate": np.linspace(0.01, 0.02, len(FIFTY_STEPS))}},
    "of one of two optimizers": {
        "facts": {
            "optimizers": tuple(
                OptimizerFacts(optimizer_class=name, keras_class="SGD", known_from="found")
                for name in ("SGD", "Mine")
            )
        }
    },
}


@pytest.mark.parametrize("name", RATES)
def test_no_learning_rate_is_named_that_is_not_one_number(name: str) -> None:
    losses = fixed_divisor(1.0, learning_rate=np.nan).losses
    history = create_history(losses=losses, **RATES[name])
    fix = judge("LR101", history).fix
    assert fix.endswith("to keep the present steps, multiply the learning rate by 320.")
