"""The texts of failed tests: short, and each says what to do."""

from __future__ import annotations

from collections.abc import Sequence

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.views.plain import findings_text, not_checked_text
from tb_bnplugin.diagnose.views.words import plural


def failure(found: Sequence[Outcome]) -> str:
    """The text of a test that fails by the findings of its training."""
    codes = ", ".join(f'"{each}"' for each in dict.fromkeys(each.code for each in found))
    return (
        f"batch_norm: {plural(len(found), 'finding')} in the training that this test watched\n"
        f"{findings_text(found)}\n"
        f"If it is meant: @pytest.mark.batch_norm(expect=[{codes}])"
    )


def found_beside(found: Sequence[Outcome]) -> str:
    """The findings of a test that failed by itself; "" where there are none."""
    return findings_text(found) if found else ""


def nothing_watched() -> str:
    """The text of a test that asked for the fixture and made neither a callback nor a watch."""
    return (
        "batch_norm: nothing was watched. Give batch_norm.callback() to fit, or call"
        " batch_norm.watch(model) before a loop; or leave the fixture out of this test."
    )


def nothing_recorded(outcomes: Sequence[Outcome]) -> str:
    """The text of a test whose callbacks and watches saw no training."""
    found = [each for each in outcomes if each.status == "finding"]
    why = findings_text(found[:1]) if found else "\n".join(not_checked_text(outcomes)[:3])
    return (
        "batch_norm: nothing was recorded, so no rule could judge this training. Give the callback"
        " to fit, or call tb_bnplugin.summary.batch_norm(model, step=step) in the loop that trains"
        f" the watched model.\n{why}"
    )
