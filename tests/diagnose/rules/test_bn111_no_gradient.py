from __future__ import annotations

from typing import Any

import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history
from tests.support.judging import judge

WEIGHTS = ("conv/kernel", "conv/bias")


def looked(unreached: tuple[str, ...] = WEIGHTS, weights: int = 6, **changed: Any) -> ModelHistory:
    facts = {
        "unchanged_weights": unreached,
        "trainable_weights": weights,
        "weights_checked_step": 40,
    }
    return create_history(facts=facts | changed.pop("facts", {}), **changed)


FINDINGS = {
    "a dropped layer": looked(),
    "all but one": looked(weights=3),
    "only gamma and beta learn": looked(model={"weight_changes": 0.0}),
}

SILENT = {
    "all reached": looked(unreached=()),
    "none reached": looked(weights=2),
    "nothing trained": looked(model={"weight_changes": 0.0}, columns={"gamma_beta_changes": 0.0}),
    "not looked yet": looked(facts={"weights_checked_step": None}),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN111", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "info", (1, 40))
    assert "conv/kernel, conv/bias" in outcome.message


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN111", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["none reached", "nothing trained", "not looked yet"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN111", SILENT[name]).status == "not_checked"


def test_a_long_list_is_cut_in_the_message() -> None:
    many = tuple(f"dense_{number}/kernel" for number in range(5))
    message = judge("BN111", looked(unreached=many)).message
    assert "dense_2/kernel and 2 more" in message
    assert "dense_3" not in message
