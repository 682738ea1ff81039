"""Evidence that rules cannot do without, and what to tell the user where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.training import trained_uncounted
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.history.model import ModelHistory


@dataclass(frozen=True, kw_only=True)
class Need:
    """A part of the history, named by a rule in `needs`."""

    is_met: Callable[[ModelHistory], bool]
    reason: Callable[[ModelHistory], str]  # for the user: what is missing, and how to record it
    after: Need | None = None  # another need, which this one implies
    part: str | None = None  # of the recording, which may have failed: SwitchedOff.part
    counts_before: bool = True  # what was recorded before the part failed is evidence all the same


KERAS_LAYERS: Final = ("BatchNormalization", "SyncBatchNormalization")
"""Classes that Keras tracks as layers of a model, built or not."""

LOSS_IN_THE_STEP: Final = (
    "call tb_bnplugin.summary.loss_reduction(loss, y_true, y_pred, value=loss_value)"
)
"""How a step of the user's own tells what it differentiates; a sentence goes on with it."""

PROBE_CALL: Final = "tb_bnplugin.summary.probe(model, x, y, loss=loss_fn)"
"""How a loop probes a held batch, with the loss that tells whether it matters."""

_NO_LOSS: Final = "No loss was measured."
_NO_PROBE: Final = "No probe was recorded."


def by_fit(history: ModelHistory) -> bool:
    """True where `fit` trains the model."""
    return history.facts.trained_by == "fit"


def _no_layers(history: ModelHistory) -> str:
    facts = history.facts
    if facts.is_placeholder:
        return (
            "Only a loss of the loop was recorded. Call tb_bnplugin.watch(model) before the first"
            " step."
        )
    if any(node.layer_class in KERAS_LAYERS for node in facts.graph.nodes):
        return "The batch normalization layers are not built yet: the model has not seen a batch."
    if any("Lambda" in node.layer_class for node in facts.graph.nodes):
        return (
            "Keras tracks no batch normalization layer in this model. One that is called within a"
            " `Lambda` is neither trained nor saved."
        )
    return "The model has no batch normalization layer that Keras tracks."


def _no_records(history: ModelHistory) -> str:
    if by_fit(history):
        return "No step has been recorded yet."
    return (
        "No step was recorded. Call tb_bnplugin.summary.batch_norm(model) in the loop, with a"
        " default tf.summary writer."
    )


def is_for_want_of_data(outcome: Outcome) -> bool:
    """True where a rule was not checked since the program measured no loss, or no held batch."""
    reason = outcome.reason or ""
    return outcome.status == "not_checked" and reason.startswith((_NO_LOSS, _NO_PROBE))


def for_want_of_data(outcomes: Iterable[Outcome]) -> str:
    """How many rules were not checked for that reason; "" for none."""
    codes = {outcome.code for outcome in outcomes if is_for_want_of_data(outcome)}
    return f"{len(codes)} for want of a held batch or a loss" if codes else ""


def nothing_recorded(history: ModelHistory) -> str | None:
    """The reason why no rule can say "ok": no record of a step, a loss or a probe. Else None."""
    measured = history.losses or history.gradients or history.probe is not None
    return None if measured or len(history.steps) else _no_records(history)


def _not_counted(history: ModelHistory) -> str:
    if by_fit(history):
        return (
            "The training function was made before the callback was there, so no call of its"
            " layers is counted. Compile the model again, or give the callback to the first `fit`."
        )
    return (
        "The training step was traced before the model was watched, so no call of its layers is"
        " counted. Call tb_bnplugin.watch(model) before the first step."
    )


def _no_losses(history: ModelHistory) -> str:
    facts = history.facts
    if not by_fit(history):
        return f"{_NO_LOSS} In the loop, {LOSS_IN_THE_STEP}."
    if facts.code.own_train_step:
        return f"{_NO_LOSS} In your `train_step`, {LOSS_IN_THE_STEP}."
    if not facts.probe_data:
        return f"{_NO_LOSS} Give the callback one batch: probe_data=(x, y)."
    if history.phases and not history.compiled_losses:
        return "No loss was measured: the model is compiled without one."
    return "No loss was measured yet."


def _no_metrics(history: ModelHistory) -> str:
    if not by_fit(history):
        return "Metrics are those of `compile`; a loop has its own."
    return "No metric is compiled." if len(history.steps) else "No batch has been trained yet."


def _no_probe(history: ModelHistory) -> str:
    if not by_fit(history):
        return f"{_NO_PROBE} In the loop, call {PROBE_CALL}."
    if history.facts.probe_data:
        return "No probe was recorded yet: the first epoch has not ended."
    return f"{_NO_PROBE} Give the callback one batch: probe_data=(x, y)."


LAYERS: Final = Need(is_met=lambda history: bool(history.facts.layers), reason=_no_layers)
RECORDS: Final = Need(
    after=LAYERS,
    part="counting",
    counts_before=False,
    is_met=lambda history: len(history.steps) > 0,
    reason=_no_records,
)
COUNTED: Final = Need(
    after=RECORDS,
    is_met=lambda history: not trained_uncounted(history),
    reason=_not_counted,
)
ONE_RECORD: Final = "Needs two records; there is one."
"""The reason where a model was looked at once: nothing can have changed."""

TWO_RECORDS: Final = Need(
    after=COUNTED,
    is_met=lambda history: len(history.steps) > 1,
    reason=lambda _: ONE_RECORD,
)
GRAPH: Final = Need(
    part="topology",
    counts_before=False,
    is_met=lambda _: True,
    reason=lambda _: "The graph of the model was not recorded.",
)
LOSSES: Final = Need(part="losses", is_met=lambda history: bool(history.losses), reason=_no_losses)


_NO_GRADIENT: Final = (
    "What `train_step` differentiates was not measured: that needs a compiled loss for each"
    f" output that trains, and a call of the model itself. In the step, {LOSS_IN_THE_STEP}."
)


def _not_given(history: ModelHistory) -> str:
    if not history.losses:
        return _no_losses(history)
    return (
        "What the loop differentiates was not measured: that needs tb_bnplugin.watch(model) before"
        " its step is traced, one call of the model a step, under one tape, and"
        " tb_bnplugin.summary.loss_reduction in a module that runs the step, three times at least,"
        " with the predictions of that step as the model made them. What is handed over is checked"
        " by LR101 to LR106."
    )


_NO_PRODUCT: Final = (
    "In a `tf.function`, gradients that the program multiplies at last, as clipping does, are left"
    " alone."
)


def _not_applied(history: ModelHistory) -> str:
    if by_fit(history):
        return (
            "What reaches the optimizer was not measured: that needs one of Keras' optimizers, and"
            " a BatchNormalization layer that trains, or a last layer with a bias and without an"
            f" activation. {_NO_PRODUCT}"
        )
    return (
        "What reaches the optimizer was not measured: that needs one of Keras' optimizers, given"
        " by tb_bnplugin.watch(model, optimizer=optimizer) or within reach of the loop, and a"
        " BatchNormalization layer that trains, or a last layer with a bias and without an"
        f" activation. {_NO_PRODUCT}"
    )


def _has_gradient(history: ModelHistory, column: str) -> bool:
    known = (gradient.columns.get(column) for gradient in history.gradients)
    return any(values is not None and bool(np.isfinite(values).any()) for values in known)


OWN_STEP_MEASURED: Final = Need(
    part="losses",
    is_met=lambda history: _has_gradient(history, "factor"),
    reason=lambda _: _NO_GRADIENT,
)
GIVEN: Final = Need(
    part="gradients",
    is_met=lambda history: _has_gradient(history, "given_factor"),
    reason=_not_given,
)
APPLIED: Final = Need(
    part="gradients",
    is_met=lambda history: _has_gradient(history, "applied_factor"),
    reason=_not_applied,
)
METRICS: Final = Need(
    part="compiled_losses", is_met=lambda history: bool(history.metrics), reason=_no_metrics
)
PROBE: Final = Need(
    part="probe",
    is_met=lambda history: history.probe is not None and len(history.probe.steps) > 0,
    reason=_no_probe,
)


def find_missing(history: ModelHistory, needs: Iterable[Need]) -> str | None:
    """The reason of the first need that the history does not meet, None where it meets all."""
    for need in needs:
        if need.after is not None and (reason := find_missing(history, (need.after,))):
            return reason
        failure = _failure(history, need.part)
        if need.is_met(history) and (failure is None or need.counts_before):
            continue
        return need.reason(history) if failure is None else f"{FAILED[need.part or '']}: {failure}."
    return None


FAILED: Final = {
    "counting": "Calls of layers could not be counted",
    "topology": "The graph of the model could not be read",
    "losses": "The measurement of the losses failed",
    "gradients": "The measurement of what reaches the optimizer failed",
    "compiled_losses": "The compiled losses and metrics could not be observed",
    "probe": "The probe failed",
}
"""For each part of the recording, the beginning of the reason where it failed."""


def _failure(history: ModelHistory, part: str | None) -> str | None:
    return next((off.reason for off in history.facts.switched_off if off.part == part), None)
