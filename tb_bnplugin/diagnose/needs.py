"""Evidence that rules cannot do without, and what to tell the user where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tb_bnplugin.history.model import ModelHistory


@dataclass(frozen=True, kw_only=True)
class Need:
    """A part of the history, named by a rule in `needs`."""

    is_met: Callable[[ModelHistory], bool]
    reason: str  # for the user: what is missing, and how to record it
    after: Need | None = None  # another need, which this one implies
    part: str | None = None  # of the recording, which may have failed: SwitchedOff.part
    counts_before: bool = True  # what was recorded before the part failed is evidence all the same


LAYERS: Final = Need(
    is_met=lambda history: bool(history.facts.layers),
    reason=(
        "The model has no batch normalization layer that is built. Call the model on a batch first."
    ),
)
RECORDS: Final = Need(
    after=LAYERS,
    part="counting",
    counts_before=False,
    is_met=lambda history: len(history.steps) > 0,
    reason=(
        "The layers were not recorded yet. Train for at least one step with the callback, or call"
        " tb_bnplugin.summary.batch_norm(model) in the loop."
    ),
)
TWO_RECORDS: Final = Need(
    after=RECORDS,
    is_met=lambda history: len(history.steps) > 1,
    reason="Needs two records; there is one.",
)
GRAPH: Final = Need(
    part="topology",
    counts_before=False,
    is_met=lambda _: True,
    reason="The graph of the model was not recorded.",
)
LOSSES: Final = Need(
    part="losses",
    is_met=lambda history: bool(history.losses),
    reason=(
        "No loss was measured. Pass probe_data=(x, y) to the callback, or call"
        " tb_bnplugin.summary.loss_reduction(loss, y_true, y_pred) in the loop."
    ),
)
METRICS: Final = Need(
    part="compiled_losses",
    is_met=lambda history: bool(history.metrics),
    reason="No metric was recorded: none was compiled, or no batch has been trained yet.",
)
PROBE: Final = Need(
    part="probe",
    is_met=lambda history: history.probe is not None and len(history.probe.steps) > 0,
    reason=(
        "No probe was recorded. Pass probe_data=(x, y) to the callback, or call"
        " tb_bnplugin.summary.probe(model, x, y)."
    ),
)


def find_missing(history: ModelHistory, needs: Iterable[Need]) -> str | None:
    """The reason of the first need that the history does not meet, None where it meets all."""
    for need in needs:
        if need.after is not None and (reason := find_missing(history, (need.after,))):
            return reason
        failure = _failure(history, need.part)
        if need.is_met(history) and (failure is None or need.counts_before):
            continue
        return need.reason if failure is None else f"{FAILED[need.part or '']}: {failure}."
    return None


FAILED: Final = {
    "counting": "Calls of layers could not be counted",
    "topology": "The graph of the model could not be read",
    "losses": "The measurement of the losses failed and was switched off",
    "compiled_losses": "The compiled losses and metrics could not be observed",
    "probe": "The probe failed and was switched off",
}
"""For each part of the recording, the beginning of the reason where it failed."""


def _failure(history: ModelHistory, part: str | None) -> str | None:
    return next((off.reason for off in history.facts.switched_off if off.part == part), None)
