"""Layers ran in one mode in one run, and in the other mode in the other run.

What it sees:
    Two runs of models with the same batch normalization layers, in which a layer ran in another
    mode while training, or in another mode in evaluation.

Why it matters:
    This is the first thing to check when "the same" model trains well with `fit` and badly in a
    loop, or with another version: everything else may be equal.

How it decides:
    Layers are paired by their paths, or in their order where the paths differ and both models
    have equally many layers of the same sizes. For each pair, the share of executions under a tape
    that were in training mode is compared, then that of executions in evaluate and predict, where
    both runs have any. They differ by a tenth or more. Where no layers pair, runs are not compared.

What to do:
    Nothing, if this is intended (one run fine-tunes, the other trains from scratch). Otherwise pass
    the same `training` in both, and see the mode ledger of each run for the reason.

When it is fine:
    Always an info: most comparisons are of runs that should differ.

References:
    https://github.com/tensorflow/tensorflow/issues/40391,
    https://github.com/keras-team/keras/issues/19341
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import executions
from tb_bnplugin.diagnose.needs import RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory
from tb_bnplugin.printed import run_name

RULE: Final = Rule(code="CR102", name="mode-differs", severity="info", needs=(RECORDS,))

DIFFERENT_FROM: Final = 0.1
"""Difference between the shares of executions in training mode: less is a call or two more."""

SITUATIONS: Final = {"training": ("tape",), "evaluation": ("evaluate", "predict")}
"""Contexts that are compared, by their name in the message."""


def check(history: ModelHistory, other: ModelHistory) -> Outcome:
    """Compare the modes in which layers ran in the two runs."""
    mine, theirs = _pairs(history, other)
    if not mine:
        return RULE.not_checked("The models of the two runs have no layers that pair.")
    compared = False
    for situation, contexts in SITUATIONS.items():
        share = _training_share(history, contexts)[mine]
        other_share = _training_share(other, contexts)[theirs]
        difference = np.abs(share - other_share)  # NaN where either did not run
        compared |= bool(np.isfinite(difference).any())
        if (differs := np.flatnonzero(difference >= DIFFERENT_FROM)).size:
            shares = (float(share[differs[0]]), float(other_share[differs[0]]))
            return _finding(history, other, [mine[pair] for pair in differs], situation, shares)
    if not compared:
        return RULE.not_checked("No layer ran in the same situation in both runs.")
    return RULE.ok("All layers ran in the same modes in both runs.")


def _pairs(history: ModelHistory, other: ModelHistory) -> tuple[list[int], list[int]]:
    """Indices of the layers of each model that are the same in both."""
    mine, theirs = history.facts.layers, other.facts.layers
    index = {layer.path: at for at, layer in enumerate(theirs)}
    pairs = [at for at, layer in enumerate(mine) if layer.path in index]
    if not pairs and [layer.channels for layer in mine] == [layer.channels for layer in theirs]:
        return list(range(len(mine))), list(range(len(mine)))
    return pairs, [index[mine[at].path] for at in pairs]


def _training_share(history: ModelHistory, contexts: tuple[str, ...]) -> Floats:
    """Share [layers] of executions in training mode, NaN where there were none."""
    training = executions(history, "training", contexts)[-1]
    total = training + executions(history, "inference", contexts)[-1]
    return np.where(total > 0, training / np.where(total > 0, total, 1.0), np.nan)


def _finding(
    history: ModelHistory,
    other: ModelHistory,
    layers: Sequence[int],
    situation: str,
    shares: tuple[float, float],
) -> Outcome:
    return RULE.finding(
        message=(
            f"In {situation}, {len(layers)} layer{'s' if len(layers) > 1 else ''} ran"
            f" {_mode(shares[0])} in {run_name(history.run)!r} and {_mode(shares[1])} in"
            f" {run_name(other.run)!r}."
        ),
        fix=(
            "Nothing, if this is intended. Otherwise pass the same `training` in both, and see the"
            " mode ledger for the origin of each value."
        ),
        evidence={
            "layers": len(layers),
            "situation": situation,
            "training_share": round(shares[0], 4),
            "other_training_share": round(shares[1], 4),
            "keras": history.facts.keras,
            "other_keras": other.facts.keras,
        },
        layers=[history.facts.layers[at].path for at in sorted(set(layers))],
        steps=(int(history.steps[0]), int(history.steps[-1])),
    )


def _mode(share: float) -> str:
    """The mode of executions, of which a share was in training mode."""
    if share in (0.0, 1.0):
        return "in training mode" if share else "in inference mode"
    return f"in training mode in {share:.0%} of its executions"
