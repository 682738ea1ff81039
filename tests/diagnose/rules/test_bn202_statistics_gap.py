from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history, create_probe, create_probe_layers
from tests.support.judging import judge

STEPS = range(1, 401)  # momentum 0.9 remembers 10 updates
NOISE = np.exp(0.05 * np.random.default_rng(0).normal(size=len(STEPS)))


def gap(factor: float, noise: Any = NOISE, columns: Any = None, **changed: Any) -> ModelHistory:
    """Batches whose variance is a constant factor below the moving variance, and noise."""
    usual = {
        "variance_shift": np.log(factor / noise),
        "inference_evaluate": np.array(STEPS) // 50,
    }
    how = {"steps": STEPS, "layer_facts": {"momentum": 0.9}, **changed}
    return create_history(columns=usual | (columns or {}), **how)


ALTERNATING = np.where(np.arange(len(STEPS)) % 2, 0.2, 2.0)
BIG_NOISE = np.exp(0.5 * np.random.default_rng(1).normal(size=len(STEPS)))

LAGGING = {
    "above": gap(3.0),
    "below": gap(1 / 3.0),
    "just beyond a factor of two": gap(2.1, noise=np.ones(len(STEPS))),
    "not evaluated": gap(3.0, columns={"inference_evaluate": 0.0}),
}

FROZEN = {
    "training_tape": 0.0,
    "frozen_executions": STEPS,
    "inference_tape": STEPS,
    "gamma_beta_changes": 0.0,
    "statistics_changes": 0.0,
    "trainable": 0.0,
    "start_updates": np.nan,
}
MUCH = {"variance_gap": 3.0, "variance_shift": -3.0, "mean_gap": 2.0}
WORSE, SAME = (0.4, 0.95), (0.95, 0.94)


def probed(
    columns: Any = FROZEN,
    apart: Any = MUCH,
    accuracy: Any = WORSE,
    probes: Any = (200, 400),
    **changed: Any,
) -> ModelHistory:
    """Frozen layers, loaded, that the held batch does not fit, and what it scores."""
    scores = {key: changed.pop(key) for key in ("loss", "rows") if key in changed}
    model = changed.pop("model", None)
    facts = {"start": "loaded", "momentum": 0.9, **changed}
    return create_history(
        steps=STEPS,
        columns=columns,
        model=model,
        layer_facts=facts,
        probe=create_probe(steps=probes, accuracy=accuracy, **scores),
        probe_layers=create_probe_layers(steps=probes, **apart),
    )


NAN = (np.nan, np.nan)
EVERY = np.array(STEPS, np.float64)
TRAINS = {"start_updates": np.nan, "variance_shift": np.nan}  # never judged by its batches
HELD_ALIKE = {"batch_variance": 0.5 * np.exp(3.0)}  # the batches of training are as the held one
FOLLOWS = {"start_updates": 0.0, "variance_shift": np.log(NOISE)}

MISFITS = {
    "frozen": probed(),
    "frozen, one probe": probed(probes=(400,)),
    "frozen at 0 and 1": probed(start="initializer"),
    "the mean alone": probed(apart={"mean_gap": 0.6, "mean_gap_error": 0.1}),
    "the variance alone": probed(apart={"variance_gap": 0.75, "variance_shift": 0.75}),
    "momentum 1": probed(TRAINS | {"statistics_changes": 0.0}, momentum=1.0),
    "in inference mode, not frozen": probed(FROZEN | {"trainable": 1.0}),
    "still adapting": probed(TRAINS | HELD_ALIKE, momentum=0.999),
    "no classes": probed(accuracy=NAN, loss=(0.16, 0.1)),
    "mean and variance swapped, to which the head adapts": probed(
        apart=MUCH | {"swapped_gap": 0.2}, accuracy=SAME
    ),
    "just as many rows worse": probed(accuracy=(0.75, 0.90), rows=64),
}

INFOS = {
    "frozen at 0 and 1, to which the head adapts": probed(accuracy=SAME, start="initializer"),
}
FINDINGS = LAGGING | MISFITS | INFOS

SILENT = {
    "none": gap(1.0),
    "just within a factor of two": gap(1.9, noise=np.ones(len(STEPS))),
    "batches of two kinds": gap(1.0, noise=ALTERNATING),
    "noise": gap(2.1, noise=BIG_NOISE),
    "the start explains it": gap(3.0, columns={"start_updates": 10_000.0}),
    "half precision": gap(3.0, layer_facts={"momentum": 0.9, "dtype": "float16"}),
    "momentum 1, no probe": gap(3.0, layer_facts={"momentum": 1.0}),
    "momentum 0": gap(3.0, layer_facts={"momentum": 0.0}),
    "too few updates for the momentum": gap(3.0, layer_facts={"momentum": 0.999}),
    "a frozen base on other data, to which the head adapts": probed(accuracy=SAME),
    "nearly as they would be swapped": probed(apart=MUCH | {"swapped_gap": 0.26}, accuracy=SAME),
    "one layer for inputs that differ": probed(apart={"calls": 4.0, "calls_mean_gap": 0.6}),
    "better with moving statistics": probed(accuracy=(0.9, 0.3)),
    "the held batch fits": probed(apart={}),
    "within the error of a few rows": probed(
        apart=MUCH | {"mean_gap_error": 0.6, "variance_gap_error": 0.8}
    ),
    "just within": probed(apart={"mean_gap": 0.49, "variance_gap": 0.69, "variance_shift": 0.69}),
    "nearly as many rows worse": probed(accuracy=(0.77, 0.90), rows=64),
    "a loss just within": probed(accuracy=NAN, loss=(0.149, 0.1)),
    "not scored": probed(accuracy=NAN, loss=NAN),
    "adapting, one probe": probed(TRAINS, momentum=0.999, probes=(400,)),
    "adapting, and done by the next probe": probed(TRAINS, momentum=0.99),
    "the start of another layer may cost as much": probed(
        {
            "training_tape": np.stack([np.minimum(EVERY, 100), np.minimum(EVERY, 100), EVERY], 1),
            "inference_tape": EVERY,
            "trainable": [[0.0, 0.0, 1.0]] * len(STEPS),
            "start_updates": [[50.0, 50.0, 10_000.0]] * len(STEPS),
        },
        start="initializer",
    ),
    "adapted at the second probe": probed(
        TRAINS, {"mean_gap": [[2.0] * 3, [0.1] * 3]}, momentum=0.999
    ),
    "the start explains it, in the probe": probed({"start_updates": 10_000.0}, start="initializer"),
    "initial statistics around trained gamma and beta": probed(
        FROZEN | {"gamma_beta_changes": EVERY}, start="initializer"
    ),
    "frozen, no probe": create_history(
        steps=STEPS, columns=FROZEN, layer_facts={"start": "loaded"}
    ),
    "never ran": probed(
        FROZEN | {"inference_tape": 0.0}, model={"weight_changes": 0.0, "iterations": 0.0}
    ),
    "nine records": create_history(steps=range(1, 10)),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", LAGGING)
def test_finds_layers_that_do_not_follow_their_batches(name: str) -> None:
    outcome = judge("BN202", FINDINGS[name])
    severity = "info" if name == "not evaluated" else "warning"
    assert (outcome.status, outcome.severity) == ("finding", severity)
    assert outcome.steps is not None
    assert outcome.steps[1] == 400


@pytest.mark.parametrize("name", MISFITS)
def test_finds_layers_that_the_held_batch_does_not_fit(name: str) -> None:
    outcome = judge("BN202", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert outcome.evidence["first_layer"] == "bn_0"
    assert outcome.steps == (400 if "one probe" in name else 200, 400)


@pytest.mark.parametrize("name", INFOS)
def test_an_info_where_nothing_is_lost(name: str) -> None:
    outcome = judge("BN202", INFOS[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert "names" in outcome.fix


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN202", SILENT[name]).status in {"ok", "not_checked"}


MISSING = {
    "the start explains it": "starting value",
    "half precision": "recovered",
    "momentum 1, no probe": "probe_data",
    "frozen, no probe": "Frozen layers",
    "not scored": "labels",
    "adapting, one probe": "long enough",
    "the start explains it, in the probe": "starting value",
    "initial statistics around trained gamma and beta": "",
    "never ran": "ran yet",
    "nine records": "long enough",
    "one layer for inputs that differ": "BN211",
}


@pytest.mark.parametrize("name", MISSING)
def test_missing_evidence_is_not_ok(name: str) -> None:
    outcome = judge("BN202", SILENT[name])
    assert outcome.status == "not_checked"
    assert MISSING[name] in str(outcome.reason)


FIRST = np.array([1.0, 0.0, 0.0])
ONLY_THE_FIRST_FROZEN = {
    "training_tape": EVERY[:, None] * (1 - FIRST),
    "gamma_beta_changes": EVERY[:, None] * (1 - FIRST),
    "inference_tape": EVERY[:, None] * FIRST,
    "trainable": np.broadcast_to(1 - FIRST, (len(STEPS), 3)),
}


def test_a_frozen_layer_beside_others_that_follow_is_not_passed() -> None:
    outcome = judge("BN202", gap(1.0, columns=ONLY_THE_FIRST_FROZEN))
    assert outcome.status == "not_checked"
    assert "The statistics of the other layers follow" in str(outcome.reason)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("frozen", "layer.weights"),
        ("momentum 1", "momentum=0.99"),
        ("still adapting", "1,386"),  # a mean 2 deviations off: ln(2 / 0.5) / -ln(0.999)
        ("mean and variance swapped, to which the head adapts", "in their order"),
    ],
)
def test_the_fix_is_that_of_the_kind_of_layer(name: str, cure: str) -> None:
    assert cure in judge("BN202", FINDINGS[name]).fix


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_a_model_that_was_trained_to_one_answer_for_all_rows_is_worse(spread: float) -> None:
    history = probed(accuracy=(0.07, 0.05))  # its head never saw the statistics of a batch
    alike = replace(
        history, probe=create_probe(spread, 0.5, steps=(200, 400), accuracy=(0.07, 0.05))
    )
    outcome = judge("BN202", alike)
    assert outcome.status == ("ok" if spread else "finding")
    assert spread or "all rows of the held batch give the same output" in outcome.message


def test_layers_that_follow_their_batches_are_left_to_another_rule() -> None:
    outcome = judge("BN202", probed(FOLLOWS))
    assert outcome.status == "not_checked"
    assert "BN208" in (outcome.reason or "")


def test_a_lag_that_costs_nothing_is_an_info() -> None:
    history = gap(
        3.0,
        probe=create_probe(steps=(400,), accuracy=SAME),
        probe_layers=create_probe_layers(steps=(400,)),
    )
    assert judge("BN202", history).severity == "info"


def test_layers_behind_one_that_nothing_updates_are_not_blamed() -> None:
    outcome = judge("BN202", probed(ONLY_THE_FIRST_FROZEN | {"start_updates": np.nan}))
    assert outcome.layers == ("bn_0",)


@pytest.mark.parametrize("idle", [0.0, 5.0])
def test_a_frozen_layer_does_not_hide_the_others(idle: float) -> None:
    """Loaded, and apart from record 100 on only: the window may not be the whole history."""
    since = np.array(STEPS) > 100
    updates = np.stack([np.array(STEPS), np.array(STEPS), np.minimum(STEPS, idle)], axis=1)
    history = gap(
        1.0,
        noise=np.where(since, 1 / 3.0, 1.0) * NOISE,
        columns={"training_tape": updates, "start_updates": np.nan},
        layer_facts={"momentum": 0.9, "start": "loaded"},
    )
    outcome = judge("BN202", history)
    assert (outcome.status, outcome.layers) == ("finding", ("bn_0", "bn_1"))


def test_a_layer_that_stopped_training_is_not_judged() -> None:
    frozen = gap(3.0, columns={"training_tape": np.minimum(STEPS, 200)})
    assert judge("BN202", frozen).status == "not_checked"


@pytest.mark.parametrize("name", ["above", "frozen", "momentum 1", "still adapting"])
def test_a_recalibration_is_to_have_the_data_of_training(name: str) -> None:
    assert (
        "the training data, prepared as for the training step" in judge("BN202", FINDINGS[name]).fix
    )


def test_a_factor_below_1_is_told_by_its_reciprocal() -> None:
    assert "times that of its batches" in judge("BN202", FINDINGS["above"]).message
    assert "times smaller than that of its batches" in judge("BN202", FINDINGS["below"]).message
    # e^-3 = 1/20.09
    said = "the moving variance is 20.09 times smaller than that of the held batch"
    assert said in judge("BN202", FINDINGS["frozen"]).message


AT_200 = np.where(EVERY >= 200, 200.0, np.nan)
SCALED = {"variance_gap": 11.0, "variance_shift": 11.0, "mean_gap": 400.0}
OFF = {"moving_variance": 0.5 * 60_000.0, "batch_variance": 0.5}


def recalibrated(
    columns: Any = OFF, apart: Any = SCALED, at: Any = AT_200, **changed: Any
) -> ModelHistory:
    """Layers that train on, a recalibration of which left statistics that fit nothing."""
    usual = TRAINS | {"recalibrated_step": at}
    return probed(usual | columns, apart, momentum=0.999, probes=(300, 400), **changed)


RECALIBRATED = {
    "of another scale": (recalibrated(), "of another scale than those of training"),
    "just unlike": (
        recalibrated(
            {"moving_variance": 1.01, "batch_variance": 0.5}, MUCH | {"variance_shift": 2.0}
        ),
        "unlike those of training",
    ),
    "batches not known": (
        recalibrated({"batch_variance": np.nan}),
        "of another scale than the held batch",
    ),
    "frozen": (
        probed(FROZEN | {"recalibrated_step": AT_200, "batch_variance": np.nan}),
        "of another scale than the held batch",  # e^3 = 20 times
    ),
}


@pytest.mark.parametrize("name", RECALIBRATED)
@pytest.mark.parametrize("trained_by", ["fit", "loop"])
def test_a_recalibration_of_other_data_is_named(name: str, trained_by: str) -> None:
    history, other = RECALIBRATED[name]
    history = replace(history, facts=replace(history.facts, trained_by=trained_by))
    fix = judge("BN202", history).fix
    given = "`RecalibrateCallback`" if trained_by == "fit" else "`recalibrate`"
    assert fix.startswith(
        f"A recalibration estimated these statistics at step 200, from data {other}."
    )
    assert f"Give {given} the training data, prepared as for the training step" in fix
    assert "Or estimate the statistics again" not in fix


OF_NO_RECALIBRATION = {
    "the batches fit the statistics": recalibrated(
        {"moving_variance": 0.98, "batch_variance": 0.5}
    ),
    "the batches are off on the other side": recalibrated(
        {"moving_variance": 1.2, "batch_variance": 0.5}, MUCH | {"variance_shift": -1.5}
    ),
    "at the step of the probe": recalibrated(at=np.where(EVERY >= 400, 400.0, np.nan)),
    "of another layer": recalibrated(at=AT_200[:, None] * [np.nan, 1.0, 1.0]),
    "not recalibrated": recalibrated(at=np.nan),
}


@pytest.mark.parametrize("name", OF_NO_RECALIBRATION)
def test_no_recalibration_is_blamed_that_did_not_do_it(name: str) -> None:
    outcome = judge("BN202", OF_NO_RECALIBRATION[name])
    assert outcome.status == "finding"
    assert "A recalibration" not in outcome.fix
    assert "estimate the statistics again" in outcome.fix
