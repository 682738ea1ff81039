"""Layers ran in one mode in one run, and in the other mode in the other.

What it sees:
    Two runs of models with the same batch normalization layers, in which a layer ran in another
    mode while training, or in another mode in evaluation.

Why it matters:
    It is the first thing to know when "the same" model trains well by `fit` and badly in a loop,
    or under another version: everything else may be equal.

How it decides:
    Layers are paired by their paths, or in their order where the paths differ and both models
    have equally many layers of the same sizes. For each, the share of its executions under a tape
    that were in training mode is compared, then that of its executions in evaluate and predict,
    where both runs have any: they differ by a tenth or more. Where no layers pair, runs are not
    compared.

What to do:
    Nothing, where it is meant (one run fine-tunes, the other trains from scratch). Otherwise pass
    `training` alike in both, and look at the ledger of either run for the reason.

When it is fine:
    Always an info: most comparisons are of runs that are meant to differ.

References:
    https://github.com/tensorflow/tensorflow/issues/40391,
    https://github.com/keras-team/keras/issues/19341
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import executions, missing_evidence, paths
from tb_bnplugin.diagnose.outcome import EvidenceValue, Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="CR102", name="mode-differs", severity="info")

DIFFERENT_FROM: Final = 0.1
"""Difference between the shares of executions in training mode: less is a call or two more."""

SITUATIONS: Final = {"training": ("tape",), "evaluation": ("evaluate", "predict")}
"""Contexts that are compared, by what they are called in the message."""


def check(history: ModelHistory, other: ModelHistory) -> tuple[Outcome]:
    """Whether layers ran in different modes in the two runs."""
    for model in (history, other):
        if missing := missing_evidence(model):
            return (RULE.not_checked(f"run {model.run!r}: {missing}"),)
    pairs = _pairs(history, other)
    if not len(pairs):
        return (RULE.not_checked("the models of the two runs have no layers that pair"),)
    compared = 0
    for situation, contexts in SITUATIONS.items():
        shares = [
            _training_share(model, contexts)[pairs[:, side]]
            for side, model in enumerate((history, other))
        ]
        both = np.isfinite(shares[0]) & np.isfinite(shares[1])
        compared += int(both.sum())
        differs = both & (np.abs(shares[0] - shares[1]) >= DIFFERENT_FROM)
        if differs.any():
            first = int(np.flatnonzero(differs)[0])
            example = (float(shares[0][first]), float(shares[1][first]))
            return (_finding(history, other, pairs[differs], situation, example),)
    if not compared:
        return (RULE.not_checked("no layer ran in the same situation in both runs"),)
    return (RULE.ok("All layers ran in the same modes in both runs."),)


def _pairs(
    history: ModelHistory, other: ModelHistory
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Indices [pairs, 2] of layers that are the same in both models."""
    mine, theirs = history.facts.layers, other.facts.layers
    index = {layer.path: at for at, layer in enumerate(theirs)}
    pairs = [(at, index[layer.path]) for at, layer in enumerate(mine) if layer.path in index]
    if not pairs and [layer.channels for layer in mine] == [layer.channels for layer in theirs]:
        pairs = [(at, at) for at in range(len(mine))]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _training_share(history: ModelHistory, contexts: tuple[str, ...]) -> Floats:
    """Share [layers] of executions in training mode, NaN where there were none."""
    training = executions(history, "training", contexts)[-1]
    inference = executions(history, "inference", contexts)[-1]
    total = training + inference
    return np.where(total > 0, training / np.where(total > 0, total, 1.0), np.nan)


def _finding(
    history: ModelHistory,
    other: ModelHistory,
    pairs: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    situation: str,
    shares: tuple[float, float],
) -> Outcome:
    mask = np.zeros(len(history.facts.layers), bool)
    mask[pairs[:, 0]] = True
    evidence: dict[str, EvidenceValue] = {
        "layers": len(pairs),
        "situation": situation,
        "training_share": round(shares[0], 4),
        "other_training_share": round(shares[1], 4),
        "keras": history.facts.keras,
        "other_keras": other.facts.keras,
    }
    return RULE.finding(
        message=(
            f"In {situation}, {len(pairs)} layer{'s' if len(pairs) > 1 else ''} ran"
            f" {_mode(shares[0])} in {history.run!r} and {_mode(shares[1])} in {other.run!r}."
        ),
        fix=(
            "Nothing, where it is meant; otherwise pass `training` alike in both, and look at the"
            " ledger for where each value came from."
        ),
        evidence=evidence,
        layers=paths(history, mask),
        steps=(int(history.steps[0]), int(history.steps[-1])),
    )


def _mode(share: float) -> str:
    """In which mode executions were, of which a share was in training mode."""
    if share in (0.0, 1.0):
        return "in training mode" if share else "in inference mode"
    return f"in training mode in {share:.0%} of its executions"
