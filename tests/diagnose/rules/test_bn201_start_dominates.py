from __future__ import annotations

import numpy as np
import pytest

from tests.support.histories import FIFTY_STEPS, create_history
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, float)
VALIDATED_AT_20 = (STEPS >= 20).astype(float)
VALIDATED_AT_40 = (STEPS >= 40).astype(float)

WARNINGS = {
    "just dominated at the validation": create_history(
        columns={"start_updates": 21.0}, model={"evaluations": VALIDATED_AT_20}
    ),
    "still dominated": create_history(
        columns={"start_updates": 400.0}, model={"evaluations": VALIDATED_AT_20}
    ),
    "a loop of one's own": create_history(
        columns={"start_updates": 21.0, "inference_no_tape": 3 * VALIDATED_AT_20}
    ),
}

INFOS = {
    "before any validation": create_history(columns={"start_updates": 51.0}),
    "built by an inference call": create_history(
        columns={"start_updates": 51.0, "inference_no_tape": 1.0}
    ),
}

SILENT = {
    "just worn off at the validation": create_history(
        columns={"start_updates": 20.0}, model={"evaluations": VALIDATED_AT_20}
    ),
    "worn off at the last of two": create_history(
        columns={"start_updates": 30.0}, model={"evaluations": VALIDATED_AT_20 + VALIDATED_AT_40}
    ),
    "worn off before any validation": create_history(columns={"start_updates": 50.0}),
    "loaded statistics": create_history(
        columns={"start_updates": 400.0}, layer_facts={"start": "loaded"}
    ),
    "momentum 1": create_history(columns={"start_updates": np.inf}, layer_facts={"momentum": 1.0}),
    "never updated": create_history(
        columns={"start_updates": np.nan, "training_tape": 0.0, "inference_tape": STEPS}
    ),
    "no record": create_history(steps=[]),
}

FINDINGS = WARNINGS | INFOS


@pytest.mark.parametrize("name", WARNINGS)
def test_warns_at_the_last_validation(name: str) -> None:
    outcome = judge("BN201", WARNINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert outcome.steps == (1, 20)


@pytest.mark.parametrize("name", INFOS)
def test_is_an_info_before_any_validation(name: str) -> None:
    outcome = judge("BN201", INFOS[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert outcome.evidence["updates_still_needed"] == 1


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN201", SILENT[name]).status in {"ok", "not_checked"}


def test_says_how_many_updates_are_needed_at_most() -> None:
    columns = {"start_updates": [[30.0, 110.0, 10.0]] * 50}
    outcome = judge(
        "BN201", create_history(columns=columns, model={"evaluations": VALIDATED_AT_20})
    )
    assert outcome.layers == ("bn_0", "bn_1")
    assert outcome.evidence["updates_still_needed"] == 90  # 110 needed, 20 made
    assert outcome.evidence["updates_made"] == 20


def test_updates_before_the_start_was_taken_do_not_count() -> None:
    history = create_history(
        columns={"start_updates": 25.0},
        model={"evaluations": VALIDATED_AT_40},
        layer_facts={"start_updates_before": 20.0},
    )
    assert judge("BN201", history).evidence["updates_still_needed"] == 5  # 40 - 20 of 25 made


def test_covers_only_the_last_stretch() -> None:
    needed = np.where(STEPS < 10, 15.0, np.where(STEPS < 30, 1.0, 100.0))
    columns = {"start_updates": needed}
    outcome = judge(
        "BN201", create_history(columns=columns, model={"evaluations": VALIDATED_AT_40})
    )
    assert outcome.steps == (30, 40)
