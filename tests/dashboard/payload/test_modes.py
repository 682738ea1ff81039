from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload.modes import (
    EVALUATED,
    EXECUTIONS,
    INFERENCE,
    MIXED,
    NOT_CALLED,
    TRAINING,
    encode_runs,
    modes,
)
from tb_bnplugin.schema.facts import Sharing
from tests.support.histories import create_history

COUNTED = [
    ({}, NOT_CALLED),
    ({"training_tape": 1}, TRAINING),
    ({"training_no_tape": 1}, TRAINING),
    ({"training_unknown": 1}, TRAINING),
    ({"inference_tape": 1}, INFERENCE),
    ({"inference_no_tape": 1}, INFERENCE),
    ({"inference_unknown": 1}, INFERENCE),
    ({"inference_evaluate": 1}, EVALUATED),
    ({"inference_predict": 1}, EVALUATED),
    ({"training_evaluate": 1}, MIXED),
    ({"training_predict": 1}, MIXED),
    ({"training_tape": 1, "inference_tape": 1}, MIXED),
    ({"training_tape": 1, "inference_evaluate": 1}, TRAINING),
    ({"training_tape": 1, "inference_no_tape": 1}, TRAINING),
    ({"training_tape": 1, "inference_unknown": 1}, TRAINING),
    ({"inference_tape": 1, "inference_evaluate": 1}, INFERENCE),
]


def of_one_record(counts: dict[str, float]) -> int:
    columns: dict[str, Any] = {"training_tape": 0.0, **counts}
    return int(modes(create_history(steps=[1], layers=1, columns=columns))[0, 0])


@pytest.mark.parametrize(("counts", "mode"), COUNTED)
def test_mode_follows_from_the_executions(counts: dict[str, float], mode: int) -> None:
    assert of_one_record(counts) == mode


def test_modes_are_of_the_interval_and_not_of_all_time() -> None:
    columns = {"training_tape": [5, 9, 9, 12], "inference_evaluate": [0, 0, 3, 3]}
    history = create_history(steps=[5, 9, 10, 12], layers=1, columns=columns)
    assert modes(history)[:, 0].tolist() == [TRAINING, TRAINING, EVALUATED, TRAINING]


def test_layer_that_rests_while_others_run_is_not_called() -> None:
    columns = {"training_tape": np.array([[1.0, 1.0], [1.0, 2.0]])}
    history = create_history(steps=[1, 2], layers=2, columns=columns)
    assert modes(history).tolist() == [[TRAINING, TRAINING], [NOT_CALLED, TRAINING]]


def test_modes_stay_where_nothing_ran_between_two_records() -> None:
    columns = {"training_tape": [88, 88, 90]}
    history = create_history(steps=[85, 88, 90], layers=1, columns=columns)
    assert modes(history)[:, 0].tolist() == [TRAINING, TRAINING, TRAINING]


def test_inference_outside_a_tape_is_evaluation_where_the_layer_trains_under_one() -> None:
    columns = {"training_tape": [5, 5, 9], "inference_no_tape": [0, 4, 4]}
    history = create_history(steps=[5, 6, 10], layers=1, columns=columns)
    assert modes(history)[:, 0].tolist() == [TRAINING, EVALUATED, TRAINING]


def test_what_an_earlier_watch_counted_is_no_mode_of_the_first_record() -> None:
    before = (400.0, *(0.0 for _ in EXECUTIONS[1:]))
    columns = {"training_tape": 400.0, "inference_no_tape": [1.0, 2.0]}
    history = create_history(
        steps=[1, 2], layers=1, columns=columns, layer_facts={"sharing": Sharing(ran_before=before)}
    )
    assert modes(history)[:, 0].tolist() == [INFERENCE, INFERENCE]


def test_counts_of_a_new_process_begin_at_zero() -> None:
    columns = {"training_tape": [5, 10, 12], "inference_evaluate": [0, 1, 1]}
    started = {"process_started": [1000.0, 1000.0, 2000.0]}
    history = create_history(steps=[5, 10, 12], layers=1, columns=columns, model=started)
    assert modes(history)[:, 0].tolist() == [TRAINING, TRAINING, TRAINING]


def test_layer_not_known_yet_was_not_called() -> None:
    columns = {"training_tape": [np.nan, 2.0]}
    history = create_history(steps=[1, 2], layers=1, columns=columns)
    assert modes(history)[:, 0].tolist() == [NOT_CALLED, TRAINING]


@pytest.mark.parametrize(
    ("values", "encoded"),
    [([], []), ([1], [1, 1]), ([1, 1, 0, 2, 2], [1, 2, 0, 1, 2, 2])],
)
def test_runs_of_equal_modes_are_counted(values: list[int], encoded: list[int]) -> None:
    assert encode_runs(np.array(values, np.int8)) == encoded
