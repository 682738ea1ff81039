"""Training and evaluation: what learned, in which mode, why, and when it was validated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    OUTSIDE_EVALUATION,
    Mask,
    count,
    executions,
    has_gamma_beta,
    layers_called,
    layers_where,
)
from tb_bnplugin.history.model import MODES, Call, Floats, ModelHistory

TRAINED_AT_LEAST: Final = 2
"""Updates of the weights from which a model counts as training; one may be a restored file."""

LEARNING: Final = ("tape", "unknown")
"""Contexts in which a gradient may pass through a layer."""

LOOPS: Final = ("evaluate", "predict")
"""Contexts of loops that evaluate, whichever mode runs in them."""

ASKING: Final = ("explicit", "graph", "inherited")
"""Reasons by which a False was given by the program: on the layer, in the graph, or on a model
around it. One left behind by another layer, or an unknown one, was not meant for this layer."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training since each layer last became trainable, among the records given.

    What was frozen on purpose is left out, and missing records do no harm.
    """

    trainable: Mask  # [layers] is trainable now, and was when its calls were traced
    gamma_beta_changes: Floats  # [layers] records at which gamma or beta changed
    updates: Floats  # [layers] changes of any weight, or steps of the optimizer
    tape: Floats  # [layers] inference executions under a tape
    elsewhere: Floats  # [layers] inference executions that may have been under a tape


def training_while_trainable(history: ModelHistory, *, as_if_always: bool = False) -> Training:
    """Evidence of training in inference mode; needs at least one record.

    `as_if_always` counts from the beginning of the process instead, as if the layers had been
    trainable in all records that are not given: what may have been, for a "not checked".
    """
    # record              0   1   2   3   4
    # trainable           1   0   0   1   1     last frozen at record 2, so `since` is record 3
    # inference_tape      5  10  15  20  25     gained: 25 - 20 = 5; as if always: 25
    trainable = history.layer("trainable")
    frozen = trainable == 0.0
    last_frozen = len(frozen) - 1 - np.argmax(frozen[::-1], axis=0)
    since = np.where(frozen.any(axis=0), np.minimum(last_frozen + 1, len(frozen) - 1), 0)
    before = 0.0 if as_if_always else 1.0  # factor of what was counted before `since`

    def gained(column: Floats) -> Floats:
        counted = np.nan_to_num(column)
        begin = np.take_along_axis(counted, since[None], axis=0)[0]
        return np.asarray(counted[-1] - before * begin, np.float64)

    gamma_beta = gained(history.layer("gamma_beta_changes"))
    weights = np.nan_to_num(history.model("weight_changes"))
    steps = optimizer_steps(history)
    if as_if_always and (np.diff(history.steps) > 1).any():
        # one change between two records may be that of several steps
        gamma_beta = np.where(gamma_beta > 0, np.maximum(gamma_beta, TRAINED_AT_LEAST), gamma_beta)
    return Training(
        trainable=(trainable[-1] == 1.0) & ~frozen_when_traced(history),
        gamma_beta_changes=gamma_beta,
        updates=np.maximum.reduce(
            [gamma_beta, weights[-1] - before * weights[since], steps[-1] - steps[since]]
        ),
        tape=gained(executions(history, "inference", ("tape",))),
        elsewhere=gained(executions(history, "inference", ("no_tape", "unknown"))),
    )


def why_not_known(
    history: ModelHistory, find_wrong: Callable[[ModelHistory, Training], Mask]
) -> str | None:
    """Why nothing is known of layers among which a rule found nothing wrong; None: all is well."""
    if find_wrong(history, training_while_trainable(history, as_if_always=True)).any():
        return (
            "The steps that would show this were not recorded, or the layers were frozen in them."
            " Record more often, or train longer."
        )
    trained = training_while_trainable(history)
    if (trained.updates >= TRAINED_AT_LEAST).any():
        return None
    if not trained.trainable.any():
        return "All batch normalization layers are frozen."
    if (trained.updates > 0).any():
        return "Needs two steps of training between the records; there is one."
    return "No weight was trained between the records."


def optimizer_steps(history: ModelHistory) -> Floats:
    """Steps of the optimizer [records] since the first record; `compile` restarts its counter."""
    iterations = history.model("iterations")
    advance = np.diff(iterations, prepend=iterations[:1])
    return np.cumsum(np.where(advance > 0, advance, 0.0))


def updates_a_step(history: ModelHistory) -> tuple[Floats, Floats]:
    """Executions in training mode a step: [layers] in all, and in the half that has fewer.

    NaN where there were no steps. A burst, which estimates the statistics anew, is in one half.
    """
    # step of the optimizer    0    2    4    6    8
    # executions               0    4    8   12  116     100 of them re-estimate the statistics
    # in all: 116 / 8 = 14.5; halves: 8 / 4 = 2 and 108 / 4 = 27; gives 14.5 and 2
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
    """Batches that a step of the optimizer accumulates: 1 where that is not known."""
    if len(history.steps) < 2 or not history.facts.layers:
        return 1.0
    most = np.nanmax(updates_a_step(history)[0], initial=1.0)
    return float(max(1.0, np.round(most)))


def learns(history: ModelHistory) -> Mask:
    """Layers [layers] that have learned: gamma or beta changed, or the layer has neither."""
    return np.asarray(~has_gamma_beta(history) | (count(history, "gamma_beta_changes") > 0), bool)


def frozen_when_traced(history: ModelHistory) -> Mask:
    """Layers [layers] of which every known call under a tape was traced while frozen.

    A layer unfrozen after that goes on as it was traced, which is no wrong `training`.
    """
    return layers_called(
        history,
        lambda calls: (
            any(call.context == "tape" for call in calls)
            and not any(call.trainable for call in calls if call.context == "tape")
        ),
    )


def asked_for_inference(history: ModelHistory) -> Mask:
    """Layers [layers] given `training=False` by the program wherever a tape saw them run.

    A teacher, a target network, a pretrained network that measures: nothing was forgotten.
    """
    return layers_called(
        history, lambda calls: all_ask_for_inference([c for c in calls if c.context == "tape"])
    )


def asked_for_inference_untaped(history: ModelHistory) -> Mask:
    """Layers [layers] given `training=False` at each call, of which no tape saw any.

    A function traced alone may still run under the tape of its caller: what is so is not sure.
    """

    def holds(calls: Sequence[Call]) -> bool:
        outside = [call for call in calls if call.context not in ("evaluate", "predict")]
        taped = any(call.context == "tape" for call in outside)
        return not taped and all_ask_for_inference(outside)

    return layers_called(history, holds)


def all_ask_for_inference(calls: Sequence[Call]) -> bool:
    """True where the program gave `training=False` to every trainable call in inference mode.

    False where there is no such call.
    """
    inference = [call for call in calls if call.mode == "inference" and call.trainable]
    return bool(inference) and all(
        call.training_argument == "false" and call.reason in ASKING for call in inference
    )


def validated(history: ModelHistory) -> Mask:
    """Records [records, layers] by which a layer was validated since the record before.

    An inference execution by the first record may be the call that builds the model. Where an
    evaluation ended in which nothing was counted, its function was made before the model was
    watched: then all layers are taken to be in it.
    """
    inference = executions(history, "inference", ("no_tape", "evaluate", "predict"))
    in_loops = executions(history, "inference", LOOPS)
    counted = np.diff(in_loops + executions(history, "training", LOOPS), axis=0, prepend=0.0) > 0
    evaluations = np.nan_to_num(history.model("evaluations"))
    ended = np.diff(evaluations, prepend=0.0) > 0
    unseen = ended & ~counted.any(axis=1)
    gained = np.diff(inference, axis=0, prepend=inference[:1]) > 0
    gained[:1] |= ended[:1, None] & (in_loops[:1] > 0)
    return np.asarray(gained | unseen[:, None], bool)


def training_is_counted(history: ModelHistory) -> bool:
    """True where any execution outside of evaluation was counted, in either mode.

    Where a model trains and none was, its training function was made before it was watched.
    """
    if not len(history.steps) or not history.facts.layers:
        return False
    counted = [executions(history, mode, OUTSIDE_EVALUATION)[-1].any() for mode in MODES]
    return any(counted)


def cannot_have_learned(history: ModelHistory) -> Mask:
    """Layers [layers] whose weights no training step has changed: what changed came from outside.

    Gamma and beta began at their initializers, so that no training came before the watch; no call
    of the layer under a tape was counted since; and the model's optimizer, where it has one, made
    no step.
    """
    began = layers_where(history, lambda layer: layer.gamma_beta.start == "initializer")
    under_tape = sum(executions(history, mode, LEARNING)[-1] for mode in MODES)
    stepped = bool(optimizer_steps(history)[-1] > 0)
    return np.asarray(began & (under_tape == 0) & (not stepped), bool)


def trained_uncounted(history: ModelHistory) -> bool:
    """True where weights were trained and no execution was counted, since it began too late."""
    if not has_trained(history) or training_is_counted(history):
        return False
    return not bool(len(history.steps) and cannot_have_learned(history).all())


def has_trained(history: ModelHistory) -> bool:
    """True where weights were trained since the model is watched."""
    if not len(history.steps):
        return False
    changes = np.nansum(history.layer("gamma_beta_changes")[-1]) + np.nan_to_num(
        history.model("weight_changes")[-1]
    )
    return bool(max(changes, optimizer_steps(history)[-1]) >= TRAINED_AT_LEAST)
