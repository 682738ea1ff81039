"""LR111: a mean over all places of a loss that leaves padding out."""

from __future__ import annotations

from typing import Any

import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge

NAN = float("nan")


def masked(
    share: float = 0.36, ratio: float | None = None, optimizer: str = "SGD", **columns: Any
) -> ModelHistory:
    """A loop's loss of sequences, divided by all of its places unless told otherwise."""
    given = {"measured": 0.5, "value_given": 0.5, "elements": 1.0, **columns}
    counted = 1.0 / share if ratio is None else ratio
    loss = create_loss(counted_share=share, counted_ratio=counted, **given)
    return create_history(losses=[loss], facts={"trained_by": "loop", "optimizer": optimizer})


FINDINGS = {
    "a third counts": masked(),
    "just below nine of ten": masked(0.899),
    "without its value": masked(value_given=NAN),
    "just one over the share": masked(ratio=1.0049 / 0.36),
    "with penalties": masked(value_given=0.6, regularization=0.1),
}

SILENT = {
    "divided by the mask": masked(ratio=1.0),
    "no place is left out": masked(1.0, 1.0),
    "nine of ten": masked(0.9),
    "Adam": masked(optimizer="Adam"),
}

NOT_CHECKED = {
    "by another number": masked(ratio=32.0),
    "just by another number": masked(ratio=1.0051 / 0.36),
    "divided by the loop": masked(value_given=0.5 / 0.36),
    "a vector": masked(elements=320.0),
    "not measured": masked(NAN, NAN),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR111", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "warning")


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR111", SILENT[name]).status == "ok"


@pytest.mark.parametrize("name", NOT_CHECKED)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR111", NOT_CHECKED[name]).status == "not_checked"


def test_the_share_and_the_cure_are_told() -> None:
    outcome = judge("LR111", FINDINGS["a third counts"])
    assert "0.36 of them count" in outcome.message
    assert "2.778 times too small" in outcome.message
    assert "/ tf.reduce_sum(mask)`" in (outcome.fix or "")
