from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history, create_probe, inference_columns
from tests.support.judging import judge

INFERENCE = inference_columns()
RECOVERING = {"start_updates": 300.0}

FINDINGS = {
    "identical rows": create_history(columns=INFERENCE, probe=create_probe(0.0, 0.1)),
    "just collapsed": create_history(columns=INFERENCE, probe=create_probe(0.99e-4, 0.1)),
    "small outputs, a thousandth": create_history(
        columns=INFERENCE, probe=create_probe(2e-4, 0.201)
    ),
    "just different": create_history(columns=INFERENCE, probe=create_probe(0.0, 1.01e-2)),
    "statistics that need no more updates": create_history(probe=create_probe(0.0, 0.1)),
}

SILENT = {
    "rows differ": create_history(columns=INFERENCE, probe=create_probe(0.2, 0.1)),
    "not quite collapsed": create_history(columns=INFERENCE, probe=create_probe(1.01e-4, 0.1)),
    "small outputs, more than a thousandth": create_history(
        columns=INFERENCE, probe=create_probe(2e-4, 0.199)
    ),
    "a constant task": create_history(columns=INFERENCE, probe=create_probe(0.0, 0.99e-2)),
    "a zero last layer": create_history(columns=INFERENCE, probe=create_probe(0.0, 0.0)),
    "one row": create_history(columns=INFERENCE, probe=create_probe(0.0, 0.1, rows=1)),
    "not trained": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0},
        model={"weight_changes": 0.0, "iterations": np.nan},
        probe=create_probe(0.0, 0.1),
    ),
    "no probe": create_history(columns=INFERENCE),
    "not finite": create_history(columns=INFERENCE, probe=create_probe(np.nan, 0.1)),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN109", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (25, 50))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN109", SILENT[name]).status in {"ok", "not_checked"}


def test_a_start_that_wears_off_is_an_info() -> None:
    outcome = judge("BN109", create_history(columns=RECOVERING, probe=create_probe(0.0, 0.1)))
    assert (outcome.status, outcome.severity) == ("finding", "info")


STEPS = np.array(FIFTY_STEPS, float)


@pytest.mark.parametrize(
    ("name", "history"),
    [
        (
            "the start has worn off since the probe",
            create_history(
                columns={"start_updates": 40.0}, probe=create_probe(0.0, 0.1, steps=(30,))
            ),
        ),
        (
            "no record between the first update and the probe",
            create_history(
                steps=(1, 200),
                columns={"training_tape": [0.0, 199.0], "start_updates": [np.nan, 150.0]},
                probe=create_probe(0.0, 0.1, steps=(100,)),
            ),
        ),
        (
            "loaded, and still leaving what was loaded",
            create_history(layer_facts={"start": "loaded"}, probe=create_probe(0.0, 0.1)),
        ),
    ],
)
def test_what_wore_off_after_the_probe_is_an_info(name: str, history: Any) -> None:
    outcome = judge("BN109", history)
    assert outcome.severity == "info"
    loaded = "loaded" in name
    assert outcome.evidence["start_dominates"] == (not loaded)
    assert ("near their start" in outcome.fix) == (not loaded)
    assert ("what was loaded or assigned" in outcome.fix) == loaded


@pytest.mark.parametrize(
    "columns",
    [
        INFERENCE,  # loaded, and never updated
        {"training_tape": STEPS + 1000.0},  # 0.99^1000 < 1e-4
    ],
)
def test_loaded_statistics_that_do_not_recover_are_an_error(columns: Any) -> None:
    history = create_history(
        columns=columns, layer_facts={"start": "loaded"}, probe=create_probe(0.0, 0.1)
    )
    assert judge("BN109", history).severity == "error"


def test_a_probe_of_the_process_before_says_nothing() -> None:
    history = create_history(
        columns=INFERENCE,
        model={"process_started": np.where(STEPS <= 30, 1000.0, 2000.0)},
        probe=create_probe(0.0, 0.1, steps=(20,)),
    )
    assert judge("BN109", history).status == "not_checked"


def test_begins_with_the_first_of_the_last_collapsed_probes() -> None:
    probe = create_probe(0.0, 0.1, steps=(10, 20, 30, 40))
    probe.moving["spread"][1] = 0.5
    outcome = judge("BN109", create_history(columns=INFERENCE, probe=probe))
    assert outcome.steps == (30, 40)


def test_no_probe_says_how_to_have_one() -> None:
    assert "probe_data" in str(judge("BN109", SILENT["no probe"]).reason)


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (FINDINGS["identical rows"], "passes `training=False` on"),
        (FINDINGS["statistics that need no more updates"], "BN209"),
    ],
)
def test_layers_that_train_are_not_told_to(history: ModelHistory, words: str) -> None:
    assert words in judge("BN109", history).fix
