"""What the columns of a history say, in the terms in which the rules speak of layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.history.model import CONTEXTS, MODES, Call, Floats, ModelHistory

Mask = npt.NDArray[np.bool_]

NO_RECORDS: Final = (
    "no record of the layers yet: train at least one step with the callback, or call"
    " tb_bnplugin.summary.batch_norm(model) in the loop"
)
NO_LAYERS: Final = (
    "the model has no batch normalization layer that is built: call it on a batch first"
)
BEFORE_THE_RECORDS: Final = (
    "what would tell happened before the first record given, or while layers were frozen: record"
    " more often, or train on"
)
OUTSIDE_EVALUATION: Final = ("tape", "no_tape", "unknown")
"""Contexts in which a model may be training."""

ONE_RECORD: Final = "one record only: a second one, after more training, would tell"

LARGEST_COUNT: Final = 2.0**53
"""What float64 counts to exactly; more, or less than 0, was never counted."""

TRAINED_AT_LEAST: Final = 2
"""Updates of the weights from which a model counts as training; one may be a restored file."""


def missing_evidence(history: ModelHistory) -> str | None:
    """Why nothing can be said of the layers, None where there are layers and records."""
    if not history.facts.layers:
        return NO_LAYERS
    return None if len(history.steps) else NO_RECORDS


def executions(history: ModelHistory, mode: str, contexts: Sequence[str] = CONTEXTS) -> Floats:
    """Cumulative executions [records, layers] in one mode and some contexts, 0 when not known."""
    counts = np.array([history.layer(f"{mode}_{context}") for context in contexts])
    possible = (counts >= 0) & (counts <= LARGEST_COUNT)
    return np.asarray(np.where(possible, counts, 0.0).sum(axis=0), np.float64)


def all_executions(history: ModelHistory) -> Floats:
    """Cumulative executions [records, layers] in either mode."""
    return executions(history, MODES[0]) + executions(history, MODES[1])


def updates_since_start(history: ModelHistory) -> Floats:
    """Executions in training mode [records, layers] since the starting statistics were taken.

    Layers go on counting when a model is watched a second time in the same process.
    """
    before = np.array([layer.start_updates_before for layer in history.facts.layers])
    return np.asarray(executions(history, "training") - before, np.float64)


def newest(column: Floats) -> Floats:
    """The last known value of each layer [layers], or of the model [], NaN when none is."""
    if not len(column):
        return np.full(column.shape[1:], np.nan)
    known = np.isfinite(column)
    last = len(column) - 1 - np.argmax(known[::-1], axis=0)
    return np.asarray(np.take_along_axis(column, last[None], axis=0)[0], np.float64)


def count(history: ModelHistory, column: str) -> Floats:
    """The newest value of a counter [layers], 0 when not known or no possible count."""
    value = newest(history.layer(column))
    return np.where((value >= 0) & (value <= LARGEST_COUNT), value, 0.0)


def momenta(history: ModelHistory) -> Floats:
    """The momentum of each layer [layers], 0 where it is not known."""
    return np.array([layer.momentum or 0.0 for layer in history.facts.layers], np.float64)


def movable(history: ModelHistory) -> Mask:
    """Layers [layers] whose moving statistics an update would change: momentum is not 1."""
    return np.array([layer.momentum != 1.0 for layer in history.facts.layers], bool)


def started_as(history: ModelHistory, start: str) -> Mask:
    """Layers [layers] whose statistics began as "initializer" or "loaded"."""
    return np.array([layer.start == start for layer in history.facts.layers], bool)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What happened since each layer last became trainable, among the records given.

    Judging differences over that stretch alone keeps what was frozen on purpose out, and
    is right whichever records are missing.
    """

    trainable: Mask  # [layers] is trainable now, and was when its calls were traced
    gamma_beta_changes: Floats  # [layers] records at which gamma or beta changed
    updates: Floats  # [layers] changes of any weight, or steps of the optimizer
    tape: Floats  # [layers] inference executions under a tape
    elsewhere: Floats  # [layers] inference executions where a tape cannot be excluded


def training_while_trainable(history: ModelHistory, *, as_if_always: bool = False) -> Training:
    """Evidence of training in inference mode; needs at least one record.

    `as_if_always` counts from the beginning of the process instead, as if the layers had been
    trainable in all records that are not given: what may have been, for a "not checked".
    """
    trainable = history.layer("trainable")
    frozen = trainable == 0.0
    last_frozen = len(frozen) - 1 - np.argmax(frozen[::-1], axis=0)
    since = np.where(frozen.any(axis=0), np.minimum(last_frozen + 1, len(frozen) - 1), 0)

    before = 0.0 if as_if_always else 1.0  # whether what was counted before is taken off

    def gained(column: Floats) -> Floats:
        counted = np.nan_to_num(column)
        begin = np.take_along_axis(counted, since[None], axis=0)[0]
        return np.asarray(counted[-1] - before * begin, np.float64)

    gamma_beta = gained(history.layer("gamma_beta_changes"))
    weights = np.nan_to_num(history.model("weight_changes"))
    steps = optimizer_steps(history)
    return Training(
        trainable=(trainable[-1] == 1.0) & ~frozen_when_traced(history),
        gamma_beta_changes=gamma_beta,
        updates=np.maximum.reduce(
            [gamma_beta, weights[-1] - before * weights[since], steps[-1] - steps[since]]
        ),
        tape=gained(executions(history, "inference", ("tape",))),
        elsewhere=gained(executions(history, "inference", ("no_tape", "unknown"))),
    )


def optimizer_steps(history: ModelHistory) -> Floats:
    """Steps of the optimizer [records] since the first record; `compile` restarts its counter."""
    iterations = history.model("iterations")
    advance = np.diff(iterations, prepend=iterations[:1])
    return np.cumsum(np.where(advance > 0, advance, 0.0))


def frozen_when_traced(history: ModelHistory) -> Mask:
    """Layers [layers] of which every known call under a tape was traced while frozen.

    A layer unfrozen after that goes on as it was traced, which is no wrong `training`.
    """
    frozen = np.zeros(len(history.facts.layers), bool)
    for layer, calls in calls_by_layer(history).items():
        under_tape = [call.trainable for call in calls if call.context == "tape"]
        frozen[layer] = bool(under_tape) and not any(under_tape)
    return frozen


def updates_a_step(history: ModelHistory) -> tuple[Floats, Floats]:
    """Executions in training mode a step: [layers] in all, and in the half that has fewer.

    NaN where there were no steps. A burst, which estimates the statistics anew, is in one half.
    """
    trained = executions(history, "training", OUTSIDE_EVALUATION)
    known = np.isfinite(history.model("iterations")).all()
    steps = optimizer_steps(history) if known else history.steps - float(history.steps[0])
    if steps[-1] <= 0:
        steps = history.steps - float(history.steps[0])  # an optimizer that is not the one used
    middle = int(np.searchsorted(steps, steps[-1] / 2))
    rates = [
        (trained[end] - trained[begin]) / (steps[end] - steps[begin])
        for begin, end in ((0, -1), (0, middle), (middle, -1))
        if steps[end] > steps[begin]
    ]
    return rates[0], np.min(rates, axis=0)


def batches_a_step(history: ModelHistory) -> float:
    """Batches that a step of the optimizer accumulates: 1 where that cannot be told."""
    if len(history.steps) < 2 or not history.facts.layers:
        return 1.0
    most = np.nanmax(updates_a_step(history)[0], initial=1.0)
    return float(max(1.0, np.round(most)))


def has_gamma_beta(history: ModelHistory) -> Mask:
    """Layers [layers] with gamma, beta or both."""
    return np.array([layer.has_gamma or layer.has_beta for layer in history.facts.layers], bool)


def learns(history: ModelHistory) -> Mask:
    """Layers [layers] that have learned: gamma or beta changed, or the layer has neither."""
    return np.asarray(~has_gamma_beta(history) | (count(history, "gamma_beta_changes") > 0), bool)


ASKING: Final = ("explicit", "graph", "inherited")
"""Reasons by which a False was given by the program: on the layer, in the graph, or on a model
around it. A sibling's, or an unknown one, was not meant for this layer."""


def asked_for_inference(history: ModelHistory) -> Mask:
    """Layers [layers] given `training=False` by the program wherever a tape saw them run.

    A teacher, a target network, a pretrained network that measures: nothing was forgotten.
    """
    asked = np.zeros(len(history.facts.layers), bool)
    for layer, calls in calls_by_layer(history).items():
        under_tape = [
            call
            for call in calls
            if call.context == "tape" and call.mode == "inference" and call.trainable
        ]
        asked[layer] = bool(under_tape) and all(
            call.training_argument == "false" and call.reason in ASKING for call in under_tape
        )
    return asked


def calls_by_layer(history: ModelHistory) -> dict[int, list[Call]]:
    """The mode ledger by layer; lines of layers that do not exist are left out."""
    calls: dict[int, list[Call]] = {}
    for call in history.calls:
        if 0 <= call.layer < len(history.facts.layers):
            calls.setdefault(call.layer, []).append(call)
    return calls


def paths(history: ModelHistory, mask: Mask) -> tuple[str, ...]:
    """Paths of the layers of a mask [layers], in the model's order."""
    return tuple(history.facts.layers[index].path for index in np.flatnonzero(mask))


def steps_from(history: ModelHistory, first_steps: Floats) -> tuple[int, int]:
    """From the earliest of the steps (or the first record) to the last record."""
    last = int(history.steps[-1])
    known = first_steps[np.isfinite(first_steps)]
    first = int(known.min()) if len(known) else int(history.steps[0])
    return min(first, last), last


def count_layers(history: ModelHistory, mask: Mask) -> str:
    """How many layers of the model: "All 52 ..." or "3 of 52 batch normalization layers"."""
    some, every = int(mask.sum()), len(history.facts.layers)
    if every == 1:
        return "The batch normalization layer"
    return (
        f"All {every} batch normalization layers"
        if some == every
        else (f"{some} of {every} batch normalization layers")
    )


def settle(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """What a rule says of several losses, without repeats, and without an ok beside a finding."""
    distinct: list[Outcome] = []
    for outcome in outcomes:
        if outcome not in distinct:
            distinct.append(outcome)
    if any(outcome.status == "finding" for outcome in distinct):
        distinct = [outcome for outcome in distinct if outcome.status != "ok"]
    return tuple(distinct)
