from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.histories import CALL, FIFTY_STEPS, create_history, inference_columns
from tests.support.judging import judge

INFERENCE = inference_columns()
BARE = {"has_gamma": False, "has_beta": False}
ASKED = [
    replace(CALL, layer=layer, training_argument="false", reason="inherited") for layer in range(3)
]
LAST_TWO = (np.arange(50) >= 48).astype(float)

FINDINGS = {
    "fit": create_history(columns=INFERENCE),
    "loop": create_history(columns=INFERENCE, facts={"trained_by": "loop", "optimizer": None}),
    "two changes of gamma or beta": create_history(
        columns=INFERENCE | {"gamma_beta_changes": np.cumsum(LAST_TWO)}
    ),
    "neither gamma nor beta, other weights learn": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0}, layer_facts=BARE
    ),
    "neither, two steps of the optimizer": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0},
        model={"weight_changes": 0.0, "iterations": np.minimum(FIFTY_STEPS, 3)},
        layer_facts=BARE,
    ),
    "neither, two changes of the weights": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0},
        model={"weight_changes": np.cumsum(LAST_TWO), "iterations": np.nan},
        layer_facts=BARE,
    ),
    "a function traced alone, whose gamma and beta learn": create_history(
        columns=INFERENCE | {"inference_tape": 0.0, "inference_no_tape": FIFTY_STEPS}
    ),
    "one call in training mode when all is over": create_history(
        columns=INFERENCE
        | {
            "training_no_tape": (np.arange(50) == 49).astype(float),
            "statistics_changes": (np.arange(50) == 49).astype(float),
        }
    ),
    "watched a second time": create_history(
        columns=INFERENCE | {"training_tape": 60.0}, layer_facts={"start_updates_before": 60.0}
    ),
    "momentum just below 1": create_history(columns=INFERENCE, layer_facts={"momentum": 0.9999}),
}

SILENT = {
    "training mode": create_history(),
    "momentum 1": create_history(columns=INFERENCE, layer_facts={"momentum": 1.0}),
    "frozen": create_history(columns=INFERENCE | {"trainable": 0.0}),
    "frozen, then unfrozen without training": create_history(
        columns=INFERENCE | {"trainable": (np.arange(50) == 49).astype(float)}
    ),
    "frozen when traced, unfrozen after": create_history(
        columns=INFERENCE,
        calls=[replace(CALL, layer=index, trainable=False) for index in range(3)],
    ),
    "loaded statistics": create_history(columns=INFERENCE, layer_facts={"start": "loaded"}),
    "nothing trains": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0},
        model={"weight_changes": 0.0, "iterations": np.nan},
    ),
    "neither, one step of the optimizer": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0},
        model={"weight_changes": 0.0, "iterations": np.minimum(FIFTY_STEPS, 2)},
        layer_facts=BARE,
    ),
    "neither, asked for inference mode": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0}, layer_facts=BARE, calls=ASKED
    ),
    "a target network: other layers learn": create_history(
        columns=INFERENCE | {"gamma_beta_changes": 0.0}
    ),
    "one change of gamma or beta": create_history(
        columns=INFERENCE | {"gamma_beta_changes": (np.arange(50) >= 48).astype(float)}
    ),
    "only evaluated": create_history(
        columns=INFERENCE | {"inference_tape": 0.0, "inference_evaluate": FIFTY_STEPS}
    ),
    "unknown context without gradients": create_history(
        columns=INFERENCE
        | {"inference_tape": 0.0, "inference_unknown": FIFTY_STEPS, "gamma_beta_changes": 0.0}
    ),
    "traced before it was watched": create_history(columns=INFERENCE | {"inference_tape": 0.0}),
    "one execution in training mode": create_history(columns=INFERENCE | {"training_tape": 1.0}),
    "statistics loaded once": create_history(columns=INFERENCE | {"statistics_changes": 1.0}),
    "a single record": create_history(steps=[7], columns=inference_columns([7])),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN101", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (1, 50))
    assert outcome.layers == ("bn_0", "bn_1", "bn_2")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN101", SILENT[name]).status in {"ok", "not_checked"}


def test_one_layer_of_three_is_named() -> None:
    columns = {
        name: np.stack(
            [
                np.broadcast_to(np.asarray(healthy, float), 50),
                np.broadcast_to(np.asarray(broken, float), 50),
                np.broadcast_to(np.asarray(healthy, float), 50),
            ],
            axis=1,
        )
        for name, healthy, broken in (
            ("training_tape", FIFTY_STEPS, 0),
            ("inference_tape", 0, FIFTY_STEPS),
            ("statistics_changes", FIFTY_STEPS, 0),
            ("inference_first_step", np.nan, 11),
        )
    }
    outcome = judge("BN101", create_history(columns=columns))
    assert (outcome.layers, outcome.steps) == (("bn_1",), (11, 50))
    assert outcome.evidence["layers"] == 1
    assert outcome.evidence["inference_executions"] == 50
    assert outcome.evidence["weight_updates"] == 49  # gained since the first record


def test_a_restart_begins_anew() -> None:
    started = np.where(np.arange(50) < 25, 1000.0, 2000.0)
    again = np.where(np.arange(50) < 25, FIFTY_STEPS, np.arange(50) - 24)
    columns = INFERENCE | {"inference_tape": again, "gamma_beta_changes": again}
    history = create_history(
        columns=columns | {"inference_first_step": np.where(started == 1000.0, 1.0, 26.0)},
        model={"process_started": started, "weight_changes": again, "iterations": FIFTY_STEPS},
    )
    outcome = judge("BN101", history)
    assert (outcome.status, outcome.steps) == ("finding", (26, 50))


@pytest.mark.parametrize(
    ("facts", "cure"),
    [
        ({"trained_by": "loop"}, "model(x, training=True)"),
        ({"subclassed": True, "call_accepts_training": False}, "Keras 3 does not tell"),
        (
            {
                "subclassed": True,
                "call_accepts_training": True,
                "own_train_step": True,
                "keras": "tf_keras 2.21.0",
            },
            "must pass the argument on",
        ),
        ({"own_train_step": True}, "self(x, training=True)"),
        ({"own_train_step": None}, "self(x, training=True)"),
        ({"own_train_step": False}, "`call` within it passes `training=False` on"),
    ],
)
def test_the_cure_fits_the_program(facts: dict[str, object], cure: str) -> None:
    assert cure in judge("BN101", create_history(columns=INFERENCE, facts=facts)).fix


def test_the_cure_of_a_graph_that_asks_for_inference_mode() -> None:
    history = create_history(columns=INFERENCE, layer_facts={"requested": False})
    assert "training=False" in judge("BN101", history).fix


UNTAPED = INFERENCE | {"inference_tape": 0.0, "inference_no_tape": FIFTY_STEPS}
COPIES = [
    replace(CALL, layer=at, context="no_tape", training_argument="false", reason="explicit")
    for at in range(3)
]


def test_a_target_network_is_not_told_to_train() -> None:
    outcome = judge("BN101", create_history(columns=UNTAPED, calls=COPIES))
    assert outcome.status == "not_checked"
    assert "BN207" in str(outcome.reason)


def test_inference_mode_that_was_asked_for_under_the_tape_is_found_all_the_same() -> None:
    taped = [*COPIES, *(replace(call, context="tape") for call in COPIES)]
    assert judge("BN101", create_history(columns=INFERENCE, calls=taped)).status == "finding"


def test_the_cure_of_a_model_that_only_holds_others() -> None:
    facts = {"own_train_step": True, "has_call": False, "subclassed": False}
    fix = judge("BN101", create_history(columns=INFERENCE, facts=facts)).fix
    assert "`self.generator(z, training=True)`" in fix
    assert "self(x" not in fix


def test_a_call_that_hands_on_what_it_is_given_is_not_to_be_changed() -> None:
    bare = [replace(CALL, layer=at, training_argument="none", reason="default") for at in range(3)]
    given = [replace(call, training_argument="false", reason="explicit") for call in bare]
    lost = [replace(call, source="model") for call in bare]
    for calls, words in ((bare, False), (given, True), (lost, True)):
        facts = {"subclassed": True, "call_accepts_training": True, "trained_by": "loop"}
        history = create_history(columns=INFERENCE, facts=facts, calls=calls)
        assert ("must pass the argument on" in judge("BN101", history).fix) == words


def test_one_change_between_two_records_may_be_that_of_many_steps() -> None:
    for last, said in ((2, "there is one"), (30, "Record more often")):
        inference = inference_columns([1, last])
        changes = inference | {"gamma_beta_changes": [0.0, 1.0]}
        model = {"iterations": [0, last - 1], "weight_changes": [0.0, 1.0]}
        outcome = judge("BN101", create_history(steps=[1, last], columns=changes, model=model))
        assert outcome.status == "not_checked"
        assert said in (outcome.reason or "")
