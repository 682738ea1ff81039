"""A hint to another rule stays where that rule found something."""

from __future__ import annotations

from typing import Literal

import pytest

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.hints import another_cause, keep_useful

Status = Literal["finding", "ok", "not_checked"]


def outcome(code: str, status: Status = "ok", **said: str) -> Outcome:
    return Outcome(code=code, name="", status=status, severity="warning", **said)  # type: ignore[arg-type]


TEXTS = {
    "Nothing is known: see BN201 and BN202.": (
        "Nothing is known.",
        "Nothing is known: see BN201.",
        "Nothing is known: see BN201 and BN202.",
    ),
    "Let it (see BN201, BN202, BN203). Then train.": (
        "Let it. Then train.",
        "Let it (see BN201). Then train.",
        "Let it (see BN201, BN202). Then train.",
    ),
    "Train longer, see BN201.": ("Train longer.", "Train longer, see BN201.", None),
    "Probe it, and see BN201.": ("Probe it.", "Probe it, and see BN201.", None),
    "Do it: see BN203, BN201 or BN202.": (
        "Do it.",
        "Do it: see BN201.",
        "Do it: see BN201 or BN202.",
    ),
    "BN201 explains it, as you see.": ("BN201 explains it, as you see.", None, None),
}


@pytest.mark.parametrize("text", TEXTS)
def test_only_rules_that_found_something_are_named(text: str) -> None:
    given = outcome("BN208", "not_checked", reason=text, fix=text, message=text)
    for found, wanted in enumerate(TEXTS[text]):
        others = [
            outcome(code, "finding" if at < found else "ok")
            for at, code in enumerate(("BN201", "BN202", "BN203"))
        ]
        kept = keep_useful(given, [given, *others])
        said = TEXTS[text][found - 1] if wanted is None else wanted
        said = TEXTS[text][0] if said is None else said
        assert (kept.message, kept.fix, kept.reason) == (said, said, said)


def test_a_rule_that_did_not_run_is_still_named() -> None:
    given = outcome("BN208", "not_checked", reason="Nothing is known: see BN201.")
    assert keep_useful(given, [given]) == given


def test_another_cause_is_named_where_it_was_found() -> None:
    given = outcome("BN201", "finding", fix=f"Train longer.{another_cause('BN208')}")
    found, silent = outcome("BN208", "finding"), outcome("BN208", "not_checked")
    assert keep_useful(given, [given, found]) == given
    assert keep_useful(given, [given, silent]).fix == "Train longer."
    assert keep_useful(given, [given]).fix == "Train longer."
