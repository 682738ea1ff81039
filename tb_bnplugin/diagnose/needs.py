"""Evidence that rules cannot do without, and what to tell the user where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tb_bnplugin.diagnose.evidence.losses import compiled_metrics
from tb_bnplugin.history.model import ModelHistory


@dataclass(frozen=True, kw_only=True)
class Need:
    """A part of the history, named by a rule in `needs`."""

    is_met: Callable[[ModelHistory], bool]
    reason: str  # for the user: what is missing, and how to record it
    after: Need | None = None  # another need, which this one implies


LAYERS: Final = Need(
    is_met=lambda history: bool(history.facts.layers),
    reason=(
        "The model has no batch normalization layer that is built. Call the model on a batch first."
    ),
)
RECORDS: Final = Need(
    after=LAYERS,
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
LOSSES: Final = Need(
    is_met=lambda history: bool(history.losses),
    reason=(
        "No loss was measured. Pass probe_data=(x, y) to the callback, or call"
        " tb_bnplugin.summary.loss_reduction(loss, y_true, y_pred) in the loop."
    ),
)
METRICS: Final = Need(
    is_met=lambda history: bool(compiled_metrics(history)),
    reason="No metric was recorded: none was compiled, or no batch has been trained yet.",
)
PROBE: Final = Need(
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
        if not need.is_met(history):
            return need.reason
    return None
