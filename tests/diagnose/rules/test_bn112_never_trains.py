from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import RECORD_REASONS, ModelHistory
from tests.support.histories import CALL, create_history
from tests.support.judging import judge

STEPS = range(1, 61)
EVERY = np.array(STEPS, np.float64)
EPOCHS = ((0, 30), (1, 60))
ENDED = np.where(EVERY == 60, float(RECORD_REASONS.index("end")), 0.0)


def still(
    model: Any = None,
    columns: Any = None,
    facts: Any = None,
    epochs: Any = EPOCHS,
    **layer: Any,
) -> ModelHistory:
    """Sixty steps of `fit` in two epochs, after which all six weights are as they were."""
    usual = {"weight_changes": 0.0, "learning_rate": 0.0}
    weights = {
        "trainable_weights": 6,
        "unchanged_weights": tuple("abcdef"),
        "weights_checked_step": 60,
    }
    history = create_history(
        steps=STEPS,
        columns={"gamma_beta_changes": 0.0} | (columns or {}),
        model=usual | (model or {}),
        facts=weights | (facts or {}),
        layer_facts={"gamma_beta_start": "initializer", **layer},
    )
    return replace(history, epochs=epochs)


OWN_CALL = replace(
    CALL,
    training_argument="true",
    reason="inherited",
    source="model",
    trainable=False,
    function="one_step_on_data",
)
OF_ANOTHER = replace(OWN_CALL, source="gan")


def frozen(*calls: Any, columns: Any = None, model: Any = None, **facts: Any) -> ModelHistory:
    """A discriminator that was frozen before its first step."""
    usual = {"gamma_beta_changes": 0.0, "training_tape": 0.0, "inference_tape": EVERY}
    return create_history(
        steps=STEPS,
        layers=1,
        columns=usual | {"trainable": 0.0, "inference_first_step": 1.0} | (columns or {}),
        model={"weight_changes": 0.0, "iterations": 0.0} | (model or {}),
        facts={"trained_by": "loop", **facts},
        calls=calls or (OWN_CALL, OF_ANOTHER),
    )


FINDINGS = {
    "a learning rate of 0": still(),
    "to the end of one epoch": still({"record_reason": ENDED}, epochs=((0, 60),)),
    "no gradient reaches any weight": still({"learning_rate": 0.01}),
    "a learning rate that is not known": still({"learning_rate": np.nan}),
    "50 steps of a loop": still(facts={"trained_by": "loop"}, epochs=()),
    "loaded, and the statistics stand still": still(
        columns={"statistics_changes": 0.0}, gamma_beta_start="trained"
    ),
    "frozen before its first step": frozen(),
    "frozen, without an optimizer that is known": frozen(model={"iterations": np.nan}),
}

SILENT = {
    "trains": create_history(),
    "one weight changed": still(facts={"unchanged_weights": tuple("abcde")}),
    "gamma and beta changed": still(columns={"gamma_beta_changes": EVERY}),
    "the first epoch of a warm-up": still(epochs=((0, 30),)),
    "49 steps of a loop": still(
        {"iterations": np.minimum(EVERY, 50)}, facts={"trained_by": "loop"}, epochs=()
    ),
    "statistics of loaded weights estimated anew": still(gamma_beta_start="trained"),
    "not looked at yet": still(facts={"weights_checked_step": None}),
    "evaluated only": still({"iterations": 0.0}, {"training_tape": 0.0}),
    "frozen in the step of another model": frozen(OF_ANOTHER),
    "frozen in a loop of the user's": frozen(replace(OWN_CALL, function="step")),
    "frozen later": frozen(replace(OWN_CALL, trainable=True), OWN_CALL),
    "frozen layers before a head that trains": frozen(model={"weight_changes": EVERY}),
    "frozen layers, and the optimizer steps": frozen(model={"iterations": EVERY}),
    "a train_step of the user's": frozen(own_train_step=True),
    "frozen, four steps": frozen(columns={"inference_tape": np.minimum(EVERY, 4)}),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN112", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "warning", (1, 60))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN112", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name",
    [
        *("the first epoch of a warm-up", "49 steps of a loop", "not looked at yet"),
        *("statistics of loaded weights estimated anew", "evaluated only", "frozen, four steps"),
        *("frozen in the step of another model", "no record"),
    ],
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN112", SILENT[name]).status == "not_checked"


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("a learning rate of 0", "learning rate above 0"),
        ("no gradient reaches any weight", "stop_gradient"),
        ("frozen before its first step", "trainable = True"),
    ],
)
def test_the_fix_is_that_of_the_cause(name: str, cure: str) -> None:
    assert cure in judge("BN112", FINDINGS[name]).fix
