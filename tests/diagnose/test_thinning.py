"""TensorBoard shows a random sample of the records: no rule may say something false of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.history.model import Floats, ModelHistory, Steps
from tests.support.cases import find_cases
from tests.support.histories import take_records
from tests.support.judging import judge_all

CASES = {f"{code} {name}": (code, history) for code, name, history in find_cases()}
WEIGHT = {"info": 1, "warning": 2, "error": 3}


def worst(outcomes: tuple[Outcome, ...]) -> int:
    """0 without a finding, else the weight of the worst."""
    return max((WEIGHT[o.severity] for o in outcomes if o.status == "finding"), default=0)


def take_at_random(history: ModelHistory, seed: int) -> ModelHistory:
    """10 records, the last one among them, as TensorBoard keeps it."""
    records = len(history.steps)
    if records <= 10:
        return history
    chosen = np.random.default_rng(seed).choice(records - 1, 9, replace=False)
    return take_records(history, [*chosen.tolist(), records - 1])


def doubled_steps(steps: Steps, shift: int) -> Steps:
    return np.concatenate([steps, steps + shift])


def twice_over(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    return {name: np.concatenate([values, values]) for name, values in columns.items()}


def resume(history: ModelHistory) -> ModelHistory:
    """The same training again in a new process, behind the records of the first."""
    records = len(history.steps)
    twice = [*range(records), *range(records)]
    doubled = {name: column[twice] for name, column in history.layer_columns.items()}
    model = {name: column[twice] for name, column in history.model_columns.items()}
    shift = int(history.steps[-1]) if records else 0
    for name, column in doubled.items():
        if name.endswith("_step"):
            doubled[name] = column + np.repeat([0, shift], records)[:, None]
    model["process_started"] = np.repeat([1000.0, 9000.0], records)
    losses = tuple(
        replace(loss, steps=doubled_steps(loss.steps, shift), columns=twice_over(loss.columns))
        for loss in history.losses
    )
    probe = history.probe
    if probe is not None:
        moving, batch = twice_over(probe.moving), twice_over(probe.batch)
        steps = doubled_steps(probe.steps, shift)
        probe = replace(probe, steps=steps, moving=moving, batch=batch)
    probed = history.probe_layers
    if probed is not None:
        steps = doubled_steps(probed.steps, shift)
        probed = replace(probed, steps=steps, columns=twice_over(probed.columns))
    gradients = tuple(
        replace(
            gradient,
            steps=doubled_steps(gradient.steps, shift),
            columns=twice_over(gradient.columns),
        )
        for gradient in history.gradients
    )
    return replace(
        history,
        losses=losses,
        gradients=gradients,
        probe=probe,
        probe_layers=probed,
        steps=np.concatenate([history.steps, history.steps + shift]),
        wall_times=history.wall_times[twice],
        layer_columns=doubled,
        model_columns=model,
    )


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(5))
def test_ten_records_never_say_more_than_all(case: str, seed: int) -> None:
    code, history = CASES[case]
    thinned = judge_all(code, take_at_random(history, seed))
    assert worst(thinned) <= worst(judge_all(code, history))
    assert "crashed" not in {outcome.status for outcome in thinned}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_seen_in_ten_records_is_not_ok(case: str) -> None:
    code, history = CASES[case]
    if worst(judge_all(code, history)) < WEIGHT["warning"]:
        return
    for seed in range(5):
        statuses = {outcome.status for outcome in judge_all(code, take_at_random(history, seed))}
        assert "ok" not in statuses


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("BN201")])
def test_the_first_half_never_says_more_than_all(case: str) -> None:
    code, history = CASES[case]
    half = take_records(history, range((len(history.steps) + 1) // 2))
    assert worst(judge_all(code, half)) <= worst(judge_all(code, history))


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("BN201")])
def test_a_start_that_dominated_at_half_time_ends_within_that_half(case: str) -> None:
    code, history = CASES[case]
    half = take_records(history, range((len(history.steps) + 1) // 2))
    for outcome in judge_all(code, half):
        if outcome.status == "finding":
            assert outcome.steps is not None
            assert outcome.steps[1] <= half.steps[-1]


@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_is_judged_as_its_newest_process(case: str) -> None:
    code, history = CASES[case]
    before, after = judge_all(code, history), judge_all(code, resume(history))
    assert [o.status for o in before] == [o.status for o in after]
    assert worst(before) == worst(after)


@pytest.mark.parametrize("case", CASES)
def test_no_other_rule_crashes_on_a_case(case: str) -> None:
    assert "crashed" not in {outcome.status for outcome in diagnose(CASES[case][1])}
