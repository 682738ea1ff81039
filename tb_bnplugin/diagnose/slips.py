"""Lines that were read as a slip: of these the one that a finding is about, or none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from tb_bnplugin.diagnose.evidence.gap_causes import dropout_before
from tb_bnplugin.diagnose.evidence.probe_gap import LOG_GAP
from tb_bnplugin.diagnose.outcome import Outcome, Place
from tb_bnplugin.diagnose.program import (
    first_of,
    layers_of,
    losses_of,
    one_of,
    only,
    only_of,
    option,
    placed,
)
from tb_bnplugin.diagnose.rules.bn208_mode_gap import LOW_MOMENTUM
from tb_bnplugin.history.model import ModelHistory

_ALONE: Final[Mapping[str, str]] = {
    "mean_only_records": "moving_mean",
    "variance_only_records": "moving_variance",
}
"""The statistic that alone changed, by the column that counts the records in which it did."""


def misfit(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that hands weights over in the wrong order, or asks for a momentum of 1."""
    if "swapped" in outcome.evidence:
        return only(history, "set_weights", None)
    stuck = {layer.momentum for layer in layers_of(outcome, history)} == {1.0}
    return option("momentum")(outcome, history) if stuck else None


def broken(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The momentum, or the line that hands weights over, which makes a negative variance."""
    if outcome.evidence.get("layers_with_momentum_outside_0_1"):
        return option("momentum")(outcome, history)
    negative = outcome.evidence.get("layers_with_negative_variance")
    return only(history, "set_weights", None) if negative else None


def written(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that reset statistics, or the loop that copied all but these."""
    reset = [each.line for each in history.facts.code.statements if each.kind == "reset"]
    if "inference_executions_since" in outcome.evidence:
        functions = {(line.file, line.function) for line in reset}
        return placed(reset[0], history) if len(functions) == 1 else None
    if reset:
        return None
    copied = [each for each in history.facts.code.statements if each.kind == "copied"]
    names = {each.value for each in history.facts.code.statements if each.kind == "model"}
    own = [each for each in copied if each.value in names] if len(copied) > 1 else copied
    return only_of([each.line for each in own or copied], history)


def target(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line of the step that makes the target of a loss of the user's."""
    name = outcome.evidence.get("loss")
    functions = {
        loss.line.function for loss in losses_of(history) if loss.line and loss.name == name
    }
    return only(history, "target", functions.pop()) if len(functions) == 1 else None


def overwritten(_: Outcome, history: ModelHistory) -> Place | None:
    """The statement that drops the output of layers, if all weights that stand still are theirs."""
    dropped = [each for each in history.facts.code.statements if each.kind == "overwritten"]
    still = [f"/{path}" for path in history.facts.weights.unchanged]
    fits = {each.line for each in dropped if any(f"/{each.value}/" in path for path in still)}
    values = [each.value for each in dropped if each.line in fits]
    if not all(any(f"/{value}/" in path for value in values) for path in still):
        return None
    return one_of(list(fits), history)


def called_again(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The call of one layer in the place of another, for each of those that are never called."""
    again = [each for each in history.facts.code.statements if each.kind == "called_again"]
    if not set(outcome.layers) <= {each.value for each in again}:
        return None
    return one_of([each.line for each in again if each.value in outcome.layers], history)


def miswritten(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that writes the statistic which alone changes from what the other should be."""
    for column, name in _ALONE.items():
        records = history.layer(column)
        if records.size and all(
            records[-1][at] > 0
            for at, layer in enumerate(history.facts.layers)
            if layer.path in outcome.layers
        ):
            return only(history, "miswritten", f"{outcome.evidence.get('layer_class')}.{name}")
    return None


def apart(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line of what keeps the modes apart, where one cause of BN208 is known, and no other.

    It may be the `shuffle=False` of the one `fit`, a low momentum, or a Dropout.
    """
    factor, behind = (outcome.evidence.get(name) for name in ("variance_factor", "behind_dropout"))
    if factor is None or "inputs_times" in outcome.evidence:
        return None
    lowest = min((layer.momentum or 0.0 for layer in layers_of(outcome, history)), default=0.0)
    causes = {
        _in_order: float(factor) < math.exp(-LOG_GAP),
        option("momentum"): lowest <= LOW_MOMENTUM,
        _dropout: bool(behind),
    }
    known = [find for find, holds in causes.items() if holds]
    return known[0](outcome, history) if len(known) == 1 else None


def _in_order(_: Outcome, history: ModelHistory) -> Place | None:
    """The `shuffle=False` of the one `fit`, where batches have less variance than other rows."""
    fits = [each for each in history.facts.code.statements if each.kind == "fit"]
    return only(history, "shuffle", "false") if len(fits) == 1 else None


def _dropout(outcome: Outcome, history: ModelHistory) -> Place | None:
    """The line that makes the Dropout; the first of several, where each stands before a layer."""
    lines = [each.line for each in history.facts.code.statements if each.kind == "dropout"]
    before = dropout_before(history, outcome.layers)
    if len(lines) > 1 and before.every and len(lines) <= before.count:
        return first_of(lines, history)
    return only_of(lines, history) if lines else None
