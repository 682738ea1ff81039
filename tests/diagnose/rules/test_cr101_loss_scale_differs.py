from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import compare
from tb_bnplugin.history.model import ModelHistory, OptimizerFacts
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge_all, judge_two


def tape(
    factor: float = 10.0, *, rate: float = 0.01, optimizer: Any = "SGD", **columns: Any
) -> ModelHistory:
    """A loop whose loss is `factor` times Keras' mean of 0.5."""
    loss = create_loss(
        "own",
        **{"measured": 0.5 * factor, "learning_rate": rate, **columns},
        static={"reduction": None},
    )
    model = {"learning_rate": rate}
    return create_history(run="tape", losses=[loss], model=model, facts=by(optimizer))


def fit(
    *, rate: Any = 0.01, optimizer: Any = "SGD", static: Any = None, **columns: Any
) -> ModelHistory:
    loss = create_loss(**{"learning_rate": rate, **columns}, static=static)
    model = {"learning_rate": rate}
    return create_history(run="fit", losses=[loss], model=model, facts=by(optimizer))


def summing(batch: float) -> ModelHistory:
    """A program that sums over its batches, and is started with batches of another size."""
    loss = create_loss(measured=0.5 * batch, batch=batch, static={"loss_class": "total"})
    return create_history(run=f"of {batch:.0f}", losses=[loss], model={"batch_frequent": batch})


def by(optimizer: Any) -> dict[str, Any]:
    one = isinstance(optimizer, OptimizerFacts)
    return {"optimizers": (optimizer,)} if one else {"optimizer": optimizer}


CLIPPING = OptimizerFacts(
    optimizer_class="Adam", keras_class="Adam", known_from="found", clipnorm=1.0
)


FINDINGS = {
    "ten outputs": (tape(), fit()),
    "just above": (tape(1.031), fit()),
    "just below": (tape(0.969), fit()),
    "learning rates that do not make up for it": (tape(), fit(rate=0.05)),
    "a mean that nobody divided by two replicas": (tape(1.0, replicas=2.0), fit()),
}

INFOS = {
    "one run's learning rate unknown": (tape(), fit(rate=np.nan)),
    "a learning rate that falls": (tape(), fit(rate=np.linspace(0.1, 0.01, 50), learning_rate=0.1)),
    "one optimizer unknown": (tape(optimizer=None), fit()),
    "both optimizers unknown": (tape(optimizer=None), fit(optimizer=None)),
    "an unknown one beside Adam": (tape(optimizer=None), fit(optimizer="Adam")),
    "an optimizer of one's own": (tape(optimizer="Mine"), fit(optimizer="Mine")),
    "SGD and Adam": (tape(optimizer="SGD"), fit(optimizer="Adam")),
    "Adam that clips": (tape(optimizer=CLIPPING), fit(optimizer="Adam")),
}

SILENT = {
    "Adam": (tape(optimizer="Adam"), fit(optimizer="Adam")),
    "two that divide a gradient by its size": (tape(optimizer="adamw"), fit(optimizer="RMSprop")),
    "learning rates make up for it, optimizers unknown": (
        tape(optimizer=None),
        fit(rate=0.1, optimizer=None),
    ),
    "learning rates make up for a factor of two programs, none of them the mean": (
        tape(20.0, rate=0.02),
        tape(10.0, rate=0.04),
    ),
    "weighted by sample": (tape(), fit(static={"weighted": True})),
    "one program, with batches of two sizes": (summing(32.0), summing(64.0)),
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


def test_a_factor_of_1_is_no_number_of_times() -> None:
    message = judge_two("CR101", fit(), tape()).message
    assert "'fit' differentiates Keras' mean of MeanSquaredError, 'tape' 10 times" in message
    assert "'fit' that mean: " in judge_two("CR101", tape(), fit()).message


def test_an_unknown_learning_rate_is_not_made_up() -> None:
    outcome = judge_two("CR101", tape(rate=np.nan), fit())
    assert outcome.evidence["equal_learning_rate_of_other"] is None
    assert "`learning_rate=0.001` trains 'tape' like 'fit'" in outcome.fix
    assert "10 times the learning rate of 'tape' trains 'fit' like 'tape'" in outcome.fix


@pytest.mark.parametrize("turned", [False, True])
def test_neither_run_is_taken_for_the_right_one_but_keras_mean_is_named(turned: bool) -> None:
    runs = (tape(), fit())
    outcome = judge_two("CR101", *(reversed(runs) if turned else runs))
    assert "Use Keras' mean in 'tape' too." in outcome.fix
    assert "`learning_rate=0.001` trains 'tape' like 'fit'" in outcome.fix
    assert "`learning_rate=0.1` trains 'fit' like 'tape'" in outcome.fix
    assert "the steps of 'tape' are 10 times as large" in outcome.message


def test_two_sums_have_no_run_that_is_right() -> None:
    outcome = judge_two("CR101", tape(20.0), tape(10.0))
    assert "Use the same reduction in both." in outcome.fix


def test_the_rates_are_in_the_steps() -> None:
    # 10 * 0.01 against 1 * 0.05
    outcome = judge_two("CR101", tape(), fit(rate=0.05))
    assert "the steps of 'tape' are 2 times as large" in outcome.message
    # 10 * 0.01 against 1 * 0.2
    outcome = judge_two("CR101", tape(), fit(rate=0.2))
    assert "the steps of 'fit' are 2 times as large" in outcome.message


def test_a_program_is_not_told_to_take_the_rate_that_it_has() -> None:
    assert judge_two("CR101", tape(rate=0.01), fit(rate=0.1)).fix == ""


@pytest.mark.parametrize("name", INFOS)
def test_what_is_not_known_is_an_info(name: str) -> None:
    outcome = judge_two("CR101", *INFOS[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")


def test_an_unknown_optimizer_gets_both_answers() -> None:
    outcome = judge_two("CR101", tape(optimizer=None), fit(optimizer="Adam"))
    assert "with Adam nothing is to be done" in outcome.fix
    assert "that of 'tape' is not known, Adam" in outcome.fix


def test_a_loss_of_the_same_name_that_was_changed_is_another_program() -> None:
    outcome = judge_two("CR101", summing(32.0), fit(measured=0.5, static={"loss_class": "total"}))
    assert outcome.status == "finding"


def test_losses_weighted_by_sample_are_not_checked() -> None:
    outcome = judge_two("CR101", *SILENT["weighted by sample"])
    assert outcome.status == "not_checked"
    assert "weighted by sample" in str(outcome.reason)


def test_the_other_way_round_gives_the_inverse() -> None:
    outcome = judge_two("CR101", fit(), tape())
    assert outcome.evidence["quotient"] == pytest.approx(0.1)
    assert outcome.evidence["equal_learning_rate_of_other"] == pytest.approx(0.001)


def test_expected_in_either_run() -> None:
    expecting = create_history(losses=[create_loss()], facts={"expect": ("CR101",)})
    outcome = compare(tape(), expecting)[0]
    assert (outcome.status, outcome.expected) == ("finding", True)


def short(factor: float = 51 / 64**2, frequent: float = 64.0, **columns: Any) -> ModelHistory:
    """A loop that hands over its last batch of 51 rows, and a value of its own."""
    given = {"batch": 51.0, "doubled": np.nan, "outputs": 4.0, **columns}
    history = tape(factor, **given)
    return replace(history, model_columns={**history.model_columns, **of_batches(frequent)})


def of_batches(rows: float) -> dict[str, Any]:
    return {"batch_frequent": np.full(len(tape().steps), rows)}


def test_a_batch_of_another_size_gives_no_learning_rate() -> None:
    outcome = judge_two("CR101", short(), fit())
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert "in batches of 51 rows" in outcome.message
    assert "learning_rate=" not in outcome.fix
    assert "batches of 51 rows only, and most have 64: measure one of these" in outcome.fix
    assert outcome.evidence["equal_learning_rate"] is None
    full = judge_two("CR101", short(1 / 64, 51.0), fit())
    assert "`learning_rate=0.64` trains 'tape' like 'fit'" in full.fix


def test_the_factor_of_a_short_batch_is_no_proof_that_two_runs_are_alike() -> None:
    assert judge_two("CR101", short(1.0), fit()).status == "not_checked"
    assert judge_two("CR101", short(1.0, 51.0), fit()).status == "ok"


@pytest.mark.parametrize(
    ("doubled", "factor"), [(1.0, 51 / 64**2), (2.0, 1 / 64), (0.5, 51**2 / 64**3)]
)
def test_a_loss_whose_growth_is_known_has_the_factor_of_a_full_batch(
    doubled: float, factor: float
) -> None:
    value = 0.5 * 51 / 64**2
    outcome = judge_two("CR101", short(doubled=doubled * value), fit())
    assert outcome.evidence["factor"] == pytest.approx(factor)
    assert "learning_rate=" in outcome.fix


def summed(**facts: Any) -> ModelHistory:
    """A loop that sums over batches of 64, which LR101 warns of."""
    history = tape(64.0, batch=64.0, doubled=64.0)
    return replace(history, facts=replace(history.facts, **facts))


LR101 = " See LR101 loss-grows-with-batch in"


def test_what_explains_the_scale_in_a_run_is_named() -> None:
    for runs in ((fit(), summed()), (summed(), fit())):
        assert judge_two("CR101", *runs).message.endswith(f"{LR101} 'tape'.")
    outputs = judge_two("CR101", *FINDINGS["ten outputs"]).message
    assert outputs.endswith(" See LR102 output-factor in 'tape'.")


def test_what_explains_it_in_both_runs_is_named_once() -> None:
    other = replace(tape(6.4, batch=64.0, doubled=6.4), run="other")  # of the sum, a tenth
    assert judge_two("CR101", summed(), other).message.endswith(f"{LR101} 'tape' and 'other'.")


@pytest.mark.parametrize("name", ["just above", "a mean that nobody divided by two replicas"])
def test_a_scale_that_no_finding_explains_names_none(name: str) -> None:
    assert " See " not in judge_two("CR101", *FINDINGS[name]).message


def test_what_is_expected_explains_nothing_to_look_at() -> None:
    assert " See " not in judge_two("CR101", fit(), summed(expect=("LR101",))).message


def test_a_finding_of_another_loss_explains_nothing() -> None:
    grows = create_loss(
        "absolute",
        measured=32.0,
        batch=64.0,
        doubled=64.0,
        static={"keras_class": "MeanAbsoluteError", "reduction": None},
    )
    history = tape(1.031)
    history = replace(history, losses=(*history.losses, grows))
    assert "absolute" in {each.evidence.get("loss") for each in judge_all("LR101", history)}
    assert " See " not in judge_two("CR101", history, fit()).message
