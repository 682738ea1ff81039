"""Tells a training that was recorded from a model at rest, of which some rules are ok, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.needs import ONE_RECORD

_RAN: Final = frozenset({"BN104", "BN105", "BN110", "BN112", "BN201", "BN203"})
"""Codes of rules that judge only where a layer ran, in whatever mode."""

_AT_REST: Final = frozenset({"LR105"})
"""Rules of losses that are ok where there is nothing to divide by: one replica."""


def was_recorded(outcomes: Sequence[Outcome]) -> bool:
    """Return True where a training was seen: a layer ran, or a loss was measured."""
    if any(each.reason == ONE_RECORD for each in outcomes):
        return False
    return any(
        (each.status == "finding" and each.code != "RC101")
        or (each.status == "ok" and (each.code in _RAN or each.code.startswith("LR")))
        for each in outcomes
        if each.code not in _AT_REST
    )
