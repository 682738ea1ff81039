"""The moving statistics are updated several times at each step of training.

What it sees:
    Layers that run in training mode twice or more between two steps of the optimizer: shared
    layers, siamese towers, a discriminator on real and on generated data, accumulated gradients,
    the time steps of a sequence.

Why it matters:
    The momentum then counts calls, not steps. With k calls a step the statistics forget k times
    faster, and where the calls see different data (real and generated, two domains) the moving
    statistics are those of a mixture that no single call ever sees.

How it decides:
    Executions in training mode, outside evaluate and predict, gained between records are divided
    by the steps of the optimizer, or by the steps given to the record where no optimizer is
    known. The quotient is 1.5 or more, over the whole training and in either half of it.

What to do:
    Nothing, if this is intended. To forget as slowly as with one call a step, raise the momentum
    to its k-th root, `0.99 ** (1 / k)`. Or join the inputs and call the layer once, or use a
    separate layer for each kind of data.

When it is fine:
    Always an info: GANs, siamese networks, gradient accumulation and sequences do this by design.

References:
    https://github.com/keras-team/keras/issues/11927,
    https://github.com/keras-team/keras/issues/8794,
    https://github.com/run-ai/runai/issues/14
"""

from __future__ import annotations

from typing import Final

from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.evidence.training import updates_a_step
from tb_bnplugin.diagnose.needs import TWO_RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(
    code="BN108", name="several-updates-per-step", severity="info", needs=(TWO_RECORDS,)
)

UPDATES_A_STEP: Final = 1.5
"""Executions a step from which they are several: nearer to two than to one."""


def check(history: ModelHistory) -> Outcome:
    """Look for layers that are updated more often than the optimizer steps."""
    a_step, in_either_half = updates_a_step(history)
    if not (a_step > 0).any():
        return RULE.not_checked("No layer ran in training mode between two steps yet.")
    several = (in_either_half >= UPDATES_A_STEP) & movable(history)
    if not several.any():
        return RULE.ok("No layer is updated more than once a step.")
    most = float(a_step[several].max())
    return RULE.layer_finding(
        history,
        several,
        f"updated the moving statistics {most:.3g} times a step: the momentum counts calls, not"
        " steps.",
        fix=(
            "Nothing, if this is intended (GAN, shared layers, accumulation). To forget as slowly"
            f" as with one update a step, use `momentum ** (1 / {most:.3g})`."
        ),
        evidence={"updates_a_step": round(most, 3)},
        since="training_first_step",
    )
