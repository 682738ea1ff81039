from __future__ import annotations

import pytest

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import Untracked
from tests.support.histories import create_history
from tests.support.judging import judge


def holding(*layers: tuple[bool, bool], tracked: int = 3) -> ModelHistory:
    """A model that holds untracked layers: whether each was updated, and whether it learned."""
    untracked = [
        Untracked(path=f"norm_{at}", updated=updated, learned=learned)
        for at, (updated, learned) in enumerate(layers)
    ]
    return create_history(layers=tracked, facts={"untracked": tuple(untracked)})


FINDINGS = {"not trained": holding((True, False)), "trained": holding((True, True))}
SILENT = {"none": holding(), "has not run": holding((False, False))}


@pytest.mark.parametrize("tracked", [3, 0])
def test_a_layer_that_runs_and_does_not_learn_is_an_error(tracked: int) -> None:
    outcome = judge("BN214", holding((True, False), tracked=tracked))
    assert (outcome.status, outcome.severity) == ("finding", "error")
    assert outcome.layers == ("norm_0",)


def test_a_layer_that_the_program_trains_is_an_info() -> None:
    outcome = judge("BN214", holding((True, True)))
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert "does not save" in outcome.message


def test_of_several_those_that_do_not_learn_are_told() -> None:
    outcome = judge("BN214", holding((True, True), (True, False), (False, False)))
    assert outcome.layers == ("norm_1",)
    assert outcome.evidence == {"untracked_layers": 2, "not_trained": 1}


def test_a_layer_that_has_not_run_is_not_passed() -> None:
    assert judge("BN214", holding((False, False))).status == "not_checked"


def test_no_such_layer_passes() -> None:
    assert judge("BN214", holding()).status == "ok"
