from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import (
    FIFTY_STEPS,
    create_history,
    create_probe,
    create_probe_layers,
    take_records,
)
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, float)
VALIDATED_AT_20 = (STEPS >= 20).astype(float)
VALIDATED_AT_40 = (STEPS >= 40).astype(float)

FIRST = np.array([1.0, 0.0, 0.0])
OTHERS = 1 - FIRST


def assigned(**changed: Any) -> ModelHistory:
    """A copy of the first layer is validated, whose statistics are assigned at each step."""
    return create_history(
        columns={
            "start_updates": 400.0,
            "inference_evaluate": VALIDATED_AT_20[:, None] * OTHERS,
            "training_tape": STEPS[:, None] * FIRST,
            "external_changes": STEPS[:, None] * OTHERS,
        },
        model={"evaluations": VALIDATED_AT_20},
        **changed,
    )


def probed(accuracy: tuple[float, float], at: int = 20, **scores: Any) -> ModelHistory:
    """Dominated at the validation, and what the held batch scores."""
    return create_history(
        columns={"start_updates": 400.0},
        model={"evaluations": VALIDATED_AT_20},
        probe=create_probe(steps=(at,), accuracy=accuracy, **scores),
    )


def moving(drift: float, trained_by: str = "fit", **columns: Any) -> ModelHistory:
    """Means of batches, of 8 channels and variance 0.5, that move by `drift` a step."""
    usual = {"start_updates": 50.0, "batch_mean": drift * STEPS, "mean_gap": 3.0}
    return create_history(
        columns=usual | columns,
        model={"evaluations": VALIDATED_AT_40},
        layer_facts={"momentum": 0.98, "epsilon": 0.0},
        facts={"trained_by": trained_by},
    )


LIMIT = 0.5 / 36
"""50 updates are needed and 40 made: 124 more leave a tenth, and so does a momentum of 0.9 in 40,
0.98 ** (164 / 40) = 0.92. A moving mean stays 0.9 d / 0.1 = 9 d behind means that move by d, and
one of 8 channels moves by sqrt(8 / 0.5) = 4 times what their mean does: by 36 drift."""

UNKNOWN = (np.nan, np.nan)

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
    "the probe shows a loss": probed((0.90, 0.93)),
    "the probe is of another time": probed((0.9, 0.9), at=50),
    "a loss that is higher": probed(UNKNOWN, loss=(1.3, 1.0)),
    "no score": probed(UNKNOWN, loss=UNKNOWN),
}

INFOS = {
    "before any validation": create_history(columns={"start_updates": 51.0}),
    "built by an inference call": create_history(
        columns={"start_updates": 51.0, "inference_no_tape": 1.0}
    ),
}

LOSSLESS = {
    "nothing is lost by the probe": probed((0.91, 0.92)),
    "nothing is lost, without classes": probed(UNKNOWN, loss=(1.1, 1.0)),
}

SILENT = {
    "validation never ran the layers": create_history(
        columns={
            "start_updates": [400.0 * FIRST + 10.0 * OTHERS] * 50,
            "inference_evaluate": VALIDATED_AT_20[:, None] * OTHERS,
        },
        model={"evaluations": VALIDATED_AT_20},
    ),
    "an averaged copy is validated": assigned(),
    "an averaged copy that fits": assigned(
        probe=create_probe(), probe_layers=create_probe_layers()
    ),
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

FINDINGS = WARNINGS | INFOS | LOSSLESS


@pytest.mark.parametrize("name", WARNINGS)
def test_warns_at_the_last_validation(name: str) -> None:
    outcome = judge("BN201", WARNINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert outcome.steps == (1, 20)


@pytest.mark.parametrize("name", INFOS)
def test_is_an_info_before_any_validation(name: str) -> None:
    outcome = judge("BN201", INFOS[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert outcome.evidence["more_updates_at_least"] == 1


@pytest.mark.parametrize("name", LOSSLESS)
def test_is_an_info_where_nothing_is_lost(name: str) -> None:
    outcome = judge("BN201", LOSSLESS[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert "On the held batch" in outcome.message


def test_an_averaged_copy_is_not_checked_without_a_probe() -> None:
    outcome = judge("BN201", SILENT["an averaged copy is validated"])
    assert outcome.status == "not_checked"
    assert "probe_data" in str(outcome.reason)
    assert "probe(model, x, y, loss=loss_fn)" in str(outcome.reason)


def test_warns_of_the_layers_that_validation_ran() -> None:
    evaluated = VALIDATED_AT_20[:, None] * OTHERS
    history = create_history(
        columns={"start_updates": 400.0, "inference_evaluate": evaluated},
        model={"evaluations": VALIDATED_AT_20},
    )
    outcome = judge("BN201", history)
    assert (outcome.severity, outcome.layers) == ("warning", ("bn_1", "bn_2"))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN201", SILENT[name]).status in {"ok", "not_checked"}


def test_says_how_many_updates_are_needed_at_most() -> None:
    columns = {"start_updates": [[30.0, 110.0, 10.0]] * 50}
    outcome = judge(
        "BN201", create_history(columns=columns, model={"evaluations": VALIDATED_AT_20})
    )
    assert outcome.layers == ("bn_0", "bn_1")
    assert outcome.evidence["more_updates_at_least"] == 90  # 110 needed, 20 made
    assert outcome.evidence["updates_made"] == 20


def test_the_numbers_of_the_fix_leave_a_tenth_of_what_is_allowed() -> None:
    history = create_history(
        columns={"start_updates": 110.0},
        model={"evaluations": VALIDATED_AT_20},
        layer_facts={"momentum": 0.99},
    )
    fix = judge("BN201", history).fix
    more = int(re.findall(r"about (\d+) more updates", fix)[0])
    lower = float(re.findall(r"`BatchNormalization\(momentum=([\d.]+)\)`", fix)[0])
    allowed = 0.99**110
    assert 0.099 * allowed < 0.99 ** (20 + more) <= 0.1 * allowed
    assert lower**20 <= 0.1 * allowed < (lower + 0.05) ** 20


@pytest.mark.parametrize("share", [0.99, 1.01, -1.01])
def test_nothing_is_promised_where_the_means_run_away(share: float) -> None:
    fix = judge("BN201", moving(share * LIMIT)).fix
    runs_away = abs(share) > 1
    assert ("`BatchNormalization(momentum=0.9)`" in fix) != runs_away
    assert ("Train for about" in fix) != runs_away
    assert ("Subtract the mean of the inputs" in fix) == runs_away
    assert "`tb_bnplugin.RecalibrateCallback((x, y))`" in fix


ROUGH = np.random.default_rng(1).normal(size=len(STEPS))
FOLLOWED = {
    "rough, and going nowhere": moving(0.0, batch_mean=ROUGH),
    "near the moving mean": moving(2 * LIMIT, mean_gap=0.49),
    "in too few records": take_records(moving(2 * LIMIT), [4, 19, 24, 29, 34, 39]),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_momentum_is_named_where_the_means_are_followed(name: str) -> None:
    assert "`BatchNormalization(momentum=0.9)`" in judge("BN201", FOLLOWED[name]).fix


def test_one_number_says_how_many_updates() -> None:
    outcome = judge("BN201", moving(0.0))
    assert "at the last validation, step 40, after 40 updates." in outcome.message
    assert re.findall(r"(\d+) more", f"{outcome.message} {outcome.fix}") == ["124"]


def test_no_momentum_is_suggested_that_forgets_at_once() -> None:
    history = create_history(
        columns={"start_updates": 1200.0},
        model={"evaluations": VALIDATED_AT_20},
        layer_facts={"momentum": 0.99},
    )
    assert "momentum" not in judge("BN201", history).fix  # 0.99^((1200 + 229) / 20) = 0.49


def test_updates_before_the_start_was_taken_do_not_count() -> None:
    history = create_history(
        columns={"start_updates": 25.0},
        model={"evaluations": VALIDATED_AT_40},
        layer_facts={"start_updates_before": 20.0},
    )
    assert judge("BN201", history).evidence["more_updates_at_least"] == 5  # 40 - 20 of 25 made


def test_covers_only_the_last_stretch() -> None:
    needed = np.where(STEPS < 10, 15.0, np.where(STEPS < 30, 1.0, 100.0))
    columns = {"start_updates": needed}
    outcome = judge(
        "BN201", create_history(columns=columns, model={"evaluations": VALIDATED_AT_40})
    )
    assert outcome.steps == (30, 40)


def test_what_is_over_is_a_fact_with_its_steps() -> None:
    outcome = judge("BN201", SILENT["worn off at the last of two"])
    assert (outcome.status, outcome.fact) == ("ok", True)
    assert outcome.steps == (20, 20)
    assert "Over since step 30" in outcome.message
    assert outcome.evidence["validations"] == 1


def test_what_is_over_names_the_epochs() -> None:
    history = create_history(
        columns={"start_updates": 30.0},
        model={"evaluations": (STEPS // 10).astype(float)},
    )
    history = replace(history, epochs=tuple((at, 10 * (at + 1)) for at in range(5)))
    outcome = judge("BN201", history)
    assert outcome.fact
    assert "the validations of epochs 1 to 2 measured" in outcome.message


@pytest.mark.parametrize(
    ("trained_by", "cure"), [("fit", "a smaller update_freq"), ("loop", "`watch.evaluating()`")]
)
def test_a_validation_between_records_says_how_to_record_its_end(
    trained_by: str, cure: str
) -> None:
    history = create_history(
        steps=[1, 10, 20, 40],
        columns={"start_updates": 30.0},
        model={"evaluations": np.array([0.0, 0.0, 0.0, 1.0])},
        facts={"trained_by": trained_by},
    )
    outcome = judge("BN201", history)
    assert outcome.status == "not_checked"
    assert cure in (outcome.reason or "")


@pytest.mark.parametrize("trained_by", ["fit", "loop"])
@pytest.mark.parametrize("drift", [0.0, 2 * LIMIT])
def test_a_recalibration_is_to_have_the_data_of_training(trained_by: str, drift: float) -> None:
    fix = judge("BN201", moving(drift, trained_by=trained_by)).fix
    assert "from the training data, prepared as for the training step, before" in fix
    assert ("RecalibrateCallback" in fix) == (trained_by == "fit")
