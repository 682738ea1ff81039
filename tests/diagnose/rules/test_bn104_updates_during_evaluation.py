from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.diagnose.rules.bn104_updates_during_evaluation import (
    MORE_A_STEP,
    SHARE_OF_STEPS,
    SMALLEST_BURST,
)
from tb_bnplugin.history.model import Graph, Node
from tests.support.histories import FIFTY_STEPS, create_history, take_records
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, float)


def bursts(at: list[int], executions: float) -> np.ndarray:
    """Cumulative executions outside a tape that grow by a burst before each record at `at`."""
    counted: np.ndarray = executions * np.sum([step <= STEPS for step in at], axis=0)
    return counted


ERRORS = {
    "evaluate": create_history(columns={"training_evaluate": bursts([20], 1)}),
    "predict": create_history(columns={"training_predict": bursts([20], 1)}),
}

WARNINGS = {
    "two bursts": create_history(columns={"training_no_tape": bursts([20, 40], SMALLEST_BURST)}),
    "the two modes are swapped": create_history(
        columns={
            "training_tape": 0.0,
            "inference_tape": STEPS,
            "training_no_tape": bursts([20, 40], SMALLEST_BURST),
        }
    ),
    "just rare enough": create_history(
        columns={"training_no_tape": bursts(list(range(5, 50, 5)), 20)}
    ),
}

INFOS = {
    "one burst may re-estimate": create_history(columns={"training_no_tape": bursts([50], 50)}),
    "generator once a step": create_history(columns={"training_no_tape": STEPS}),
    "generator five times a step": create_history(columns={"training_no_tape": 5 * STEPS}),
}

SILENT = {
    "inference mode in evaluate": create_history(
        columns={"inference_evaluate": bursts([20], 9)}, model={"evaluations": bursts([20], 1)}
    ),
    "not evaluated": create_history(),
    "momentum 1": create_history(
        columns={"training_evaluate": bursts([20], 9)}, layer_facts={"momentum": 1.0}
    ),
    "built by one call": create_history(columns={"training_no_tape": 1.0}),
    "built by one call after the first record": create_history(
        columns={"training_no_tape": bursts([20], 1)}
    ),
    "a burst too small": create_history(
        columns={"training_no_tape": bursts([20, 40], SMALLEST_BURST - 1)}
    ),
    "in turns with the discriminator": create_history(
        columns={"training_no_tape": bursts(list(range(2, 51, 2)), 20)}
    ),
    "accumulated gradients": create_history(columns={"training_tape": 4 * STEPS}),
    "never under a tape": create_history(
        columns={"training_tape": 0.0, "training_no_tape": bursts([20, 40], 50)}
    ),
    "unknown context": create_history(columns={"training_unknown": bursts([20, 40], 50)}),
    "one record": create_history(steps=[5]),
    "no record": create_history(steps=[]),
}

FINDINGS = ERRORS | WARNINGS | INFOS


@pytest.mark.parametrize("name", ERRORS)
def test_evaluation_in_training_mode_is_an_error(name: str) -> None:
    outcome = judge("BN104", ERRORS[name])
    assert (outcome.status, outcome.severity) == ("finding", "error")
    assert (outcome.steps, len(outcome.layers)) == ((20, 20), 3)


@pytest.mark.parametrize("name", WARNINGS)
def test_bursts_are_a_warning(name: str) -> None:
    outcome = judge("BN104", WARNINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")


@pytest.mark.parametrize("name", INFOS)
def test_what_may_be_meant_is_no_more_than_an_info(name: str) -> None:
    outcome = judge("BN104", INFOS[name])
    assert outcome.fact == name.startswith("generator")
    assert outcome.fact or (outcome.status, outcome.severity) == ("finding", "info")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN104", SILENT[name]).status in {"ok", "not_checked"}


def test_missing_evaluation_is_not_ok() -> None:
    assert judge("BN104", SILENT["not evaluated"]).status == "not_checked"
    assert judge("BN104", SILENT["inference mode in evaluate"]).status == "ok"


def test_bursts_too_far_apart_to_place_are_not_checked() -> None:
    every_hundred = range(100, 1100, 100)
    history = create_history(
        steps=every_hundred, columns={"training_no_tape": [20 * i for i in range(10)]}
    )
    assert judge("BN104", history).status == "not_checked"


@pytest.mark.parametrize(("gap", "status"), [(6, "finding"), (7, "not_checked")])
def test_a_burst_exceeds_three_executions_a_step(gap: int, status: str) -> None:
    # Between records `gap` steps apart lie 20 executions: 20 > 3 * 6, but 20 < 3 * 7.
    assert MORE_A_STEP == 3
    steps = [*range(1, 41), 40 + gap]
    history = create_history(steps=steps, columns={"training_no_tape": [0.0] * 40 + [20.0]})
    assert judge("BN104", history).status == status


@pytest.mark.parametrize(("bursts_of_12", "status"), [(3, "finding"), (4, "not_checked")])
def test_bursts_cover_at_most_a_quarter_of_the_steps(bursts_of_12: int, status: str) -> None:
    assert SHARE_OF_STEPS == 0.25
    steps = range(1, 14)  # 12 intervals
    outside = [9.0 * min(max(step - 2, 0), bursts_of_12) for step in steps]
    history = create_history(steps=steps, columns={"training_no_tape": outside})
    assert judge("BN104", history).status == status


def test_adaptation_can_be_declared() -> None:
    columns = {"training_evaluate": bursts([20], 9)}
    outcome = judge("BN104", create_history(columns=columns, facts={"expect": ("BN104",)}))
    assert outcome.expected


def test_the_first_step_is_known_where_its_record_is_missing() -> None:
    noted = np.where(STEPS >= 20, 20.0, np.nan)
    history = create_history(
        columns={"training_evaluate": bursts([20], 1), "evaluated_first_step": noted}
    )
    assert judge("BN104", take_records(history, [0, 34, 49])).steps == (20, 35)


def test_the_cure_goes_by_who_trains() -> None:
    columns = {"training_evaluate": bursts([20], 1)}
    subclassed = {"subclassed": True}
    in_fit = judge("BN104", create_history(columns=columns, facts=subclassed))
    in_loop = judge("BN104", create_history(columns=columns, facts={"trained_by": "loop"}))
    assert "default to None" in in_fit.fix
    assert in_loop.fix.startswith("Evaluate with `model(x, training=False)`")


def test_the_cure_of_a_burst_is_one_of_its_program() -> None:
    columns = {"training_no_tape": bursts([20, 40], SMALLEST_BURST)}
    in_loop = judge("BN104", create_history(columns=columns, facts={"trained_by": "loop"}))
    assert "`with watch.evaluating():`" in in_loop.fix
    in_fit = judge("BN104", create_history(columns=columns, facts={"trained_by": "fit"}))
    assert "`self.model(x, training=False)`" in in_fit.fix
    assert "watch" not in in_fit.fix  # there is none beside a callback


@pytest.mark.parametrize("trained_by", ["fit", "loop"])
def test_what_is_too_far_apart_is_told_in_the_way_of_its_program(trained_by: str) -> None:
    history = create_history(
        steps=range(100, 1100, 100),
        columns={"training_no_tape": [20 * i for i in range(10)]},
        facts={"trained_by": trained_by},
    )
    reason = str(judge("BN104", history).reason)
    assert ("watch.evaluating" in reason) == (trained_by == "loop")
    assert ("update_freq" in reason) == (trained_by == "fit")


@pytest.mark.parametrize("layer_class", ["Dropout", "SpatialDropout2D", "Dense"])
def test_dropout_that_may_be_meant_to_stay_on_is_told_how(layer_class: str) -> None:
    graph = Graph(nodes=(Node(path="last", layer_class=layer_class, layer=None),))
    columns = {"training_no_tape": bursts([20, 40], SMALLEST_BURST)}
    outcome = judge("BN104", create_history(columns=columns, facts={"graph": graph}))
    assert ("Monte Carlo" in outcome.fix) == ("Dropout" in layer_class)


def test_bursts_between_records_that_are_not_given_may_be_more() -> None:
    history = WARNINGS["two bursts"]
    assert " in 2 bursts between" in judge("BN104", history).message
    thinned = replace(history, records_made=len(history.steps) + 1)
    assert " in 2 bursts or more between" in judge("BN104", thinned).message
