"""The moving statistics are updated several times at each step of training.

What it sees:
    Layers that run in training mode twice or more between two steps of the optimizer: one layer
    for several inputs, siamese towers, a discriminator on real and on generated data, accumulated
    gradients, the time steps of a sequence.

Why it matters:
    The momentum then counts calls, not steps: with k calls a step the statistics forget k times
    faster.

How it decides:
    Executions in training mode, outside evaluate and predict, gained between records are divided
    by the steps of the optimizer, or by the steps given to the record where no optimizer is
    known. The quotient is 1.5 or more, over the whole training and in either half of it. How often
    one pass of the model calls the layer is known from the functional graph, or from a probe.
    Layers whose calls see different distributions by the probe are told by BN211. A layer that
    several recorded models hold is told once.

What to do:
    Accumulated gradients, or several passes a step: nothing, if this is intended; to forget as
    slowly as with one update a step, raise the momentum to its k-th root, `0.99 ** (1 / k)`, or
    join the inputs and call the layer once. One layer for several inputs of different
    distributions: a normalization of its own for each input, as BN211 has it.

When it is fine:
    GANs, siamese networks, gradient accumulation and sequences do this by design.

References:
    https://github.com/keras-team/keras/issues/11927,
    https://github.com/keras-team/keras/issues/8605,
    https://github.com/run-ai/runai/issues/14
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.evidence.probe_gap import ProbeGap, probe_gap
from tb_bnplugin.diagnose.evidence.training import updates_a_step
from tb_bnplugin.diagnose.needs import TWO_RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(
    code="BN108",
    name="several-updates-per-step",
    severity="info",
    needs=(TWO_RECORDS,),
    once_a_layer=True,
)

UPDATES_A_STEP: Final = 1.5
"""Executions a step from which they are several: nearer to two than to one."""

OWN_LAYER: Final = (
    "Give each input a normalization layer of its own, with whatever else is shared:"
    " `[BatchNormalization()(conv(x)) for x in inputs]`. A momentum changes nothing there."
)


def check(history: ModelHistory) -> Outcome | list[Outcome]:
    """Look for layers that are updated more often than the optimizer steps."""
    a_step, in_either_half = updates_a_step(history)
    if not (a_step > 0).any():
        return RULE.not_checked("No layer ran in training mode between two steps yet.")
    several = (in_either_half >= UPDATES_A_STEP) & movable(history)
    if not several.any():
        return RULE.ok("No layer is updated more than once a step.")
    probe = probe_gap(history)
    none = np.zeros(len(several), bool)
    calls = _calls_a_pass(history, probe)
    in_one_pass = several & (calls >= 2)
    mixed = in_one_pass & (probe.mixed if probe else none)
    alike = in_one_pass & (probe.measured & ~probe.mixed if probe else none)
    unknown, passes = in_one_pass & ~mixed & ~alike, several & ~in_one_pass
    found = []
    if unknown.any():
        fix = f"Nothing, if all calls see inputs of one distribution (siamese towers). {OWN_LAYER}"
        found.append(_finding(history, unknown, a_step, fix, calls))
    if alike.any():
        fix = "Nothing: in the probe the calls see inputs of one distribution."
        found.append(_finding(history, alike, a_step, fix, calls))
    if passes.any():
        most = float(a_step[passes].max())
        fix = (
            "Nothing, if this is intended (GAN, accumulation). To forget as slowly as with one"
            f" update a step, use `momentum ** (1 / {num(most)})`."
        )
        found.append(_finding(history, passes, a_step, fix))
    return found or RULE.not_checked("Layers are called on inputs that differ: see BN211.")


def _calls_a_pass(history: ModelHistory, probe: ProbeGap | None) -> Floats:
    """Calls of each layer [layers] in one pass of the model, 0 where they are not known."""
    calls = np.array([layer.sharing.calls_a_pass or 0 for layer in history.facts.layers], float)
    return calls if probe is None else np.where(probe.measured, probe.calls, calls)


def _finding(
    history: ModelHistory, several: Mask, a_step: Floats, fix: str, calls: Floats | None = None
) -> Outcome:
    most = float(a_step[several].max())
    sites = "" if calls is None else f", {int(calls[several].max())} of them in one pass"
    return RULE.layer_finding(
        history,
        several,
        f"updated the moving statistics {num(most)} times a step{sites}: the momentum counts calls,"
        " not steps.",
        fix=fix,
        evidence={"updates_a_step": round(most, 3)},
        since="training_first_step",
    )
