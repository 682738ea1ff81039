"""The JSON of a comparison: what two runs do differently."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tb_bnplugin.dashboard.payload.outcomes import outcomes as outcome_rows
from tb_bnplugin.dashboard.payload.sentence import sentence
from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.diagnose import Outcome, compare
from tb_bnplugin.history.model import ModelHistory

MODES_DIFFER: Final = "CR102"
"""The rule that decides in which modes the layers of two runs differ."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs: its model, and what the rules say of it."""

    model: ModelHistory
    outcomes: Sequence[Outcome]


def comparison(here: Side, there: Side) -> Json:
    """`Comparison`: outcomes of the CR rules for two runs, and what only one of them has."""
    compared = compare(here.model, there.model, found=(here.outcomes, there.outcomes))
    differences = _differences(here, there, compared)
    only = (differences["layers_only_here"], differences["layers_only_there"])
    return {
        "run": here.model.run,
        "model": here.model.facts.name,
        "other": there.model.run,
        "other_model": there.model.facts.name,
        **sentence((here.model, there.model), (here.outcomes, there.outcomes), compared, only),
        "outcomes": outcome_rows(compared),
        "differences": differences,
    }


def _differences(here: Side, there: Side, compared: Iterable[Outcome]) -> Json:
    modes = next((outcome for outcome in compared if outcome.code == MODES_DIFFER), None)
    ours, theirs = ([layer.path for layer in side.model.facts.layers] for side in (here, there))
    if modes is not None and modes.status in {"ok", "finding"} and not {*ours} & {*theirs}:
        ours, theirs = [], []  # the rule has paired them in their order: they differ by name only
    ours_alone, theirs_alone = {*ours} - {*theirs}, {*theirs} - {*ours}
    here_found, there_found = _found(here.outcomes), _found(there.outcomes)
    return {
        "modes": _sentence(modes),
        "layers_only_here": [path for path in ours if path in ours_alone],
        "layers_only_there": [path for path in theirs if path in theirs_alone],
        "findings_only_here": [code for code in here_found if code not in there_found],
        "findings_only_there": [code for code in there_found if code not in here_found],
    }


def _sentence(modes: Outcome | None) -> str:
    if modes is None:
        return "The modes of the layers were not compared."
    if modes.status in {"ok", "finding"}:
        return modes.message
    return f"The modes of the layers were not compared: {(modes.reason or '').rstrip('.')}."


def _found(outcomes: Iterable[Outcome]) -> list[str]:
    """Codes of the findings that are not expected, each once, in the order of the rules."""
    found = (entry for entry in outcomes if entry.status == "finding" and not entry.expected)
    return list(dict.fromkeys(entry.code for entry in found))
