"""The replicas hold moving statistics of different data.

What it sees:
    A distribution strategy with several replicas in a process, each of which moves a copy of the
    moving mean and variance of its own, and copies that grow far apart.

Why it matters:
    The replicas see data of different kinds: each normalizes with the statistics of its own, and
    the gradient is that of several models. A model that is saved, or used elsewhere, has one copy:
    Keras 3 takes that of the first replica, so that the data of the others count for nothing;
    tf_keras takes the mean of all, whose variance lacks the distance between them.

How it decides:
    Over the channels of a layer (medians), the copies are apart by more than half a standard
    deviation in mean or a factor 2 in variance, and so were the batches that the replicas got in
    the last records. Both are more than five standard errors, as estimated from how these
    differences vary from record to record. Copies that differ by the noise of their batches are
    fine.

What to do:
    Shuffle the rows before they are dealt out, so that each replica gets some of every kind:

        dataset = dataset.shuffle(10_000).batch(global_batch_size)

    or let the replicas share the statistics of each batch:

        layers.BatchNormalization(synchronized=True)

When it is fine:
    If each replica is meant to have data of its own, and the copy that is saved is meant.

References:
    https://github.com/tensorflow/tensorflow/issues/7439,
    https://keras.io/api/layers/normalization_layers/batch_normalization/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, count
from tb_bnplugin.diagnose.needs import COUNTED, find_missing
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory
from tb_bnplugin.printed import num

# It asks for what is counted below: one replica is ok whatever was recorded. The recorder notes
# the gaps of layers whose copies are apart by more than the factor 2 or half a deviation.
RULE: Final = Rule(code="BN206", name="replica-drift", severity="warning")

FAR: Final = {"mean": 0.5, "variance": float(np.log(2.0))}
"""Standard deviations, and the logarithm of a factor: what BN202 finds too far from the batches
is too far from another copy."""

ERRORS_AT_LEAST: Final = 5.0
"""Standard errors. The largest of many distances between replicas reaches 4 by chance."""

COMPARED_AT_LEAST: Final = 8.0
"""Records at which the copies were compared: the recorder says nothing of fewer."""


def check(history: ModelHistory) -> Outcome:
    """Look for replicas whose copies of the statistics are far apart."""
    if history.facts.replicas < 2:
        return RULE.ok("One replica trains.")
    if missing := find_missing(history, (COUNTED,)):
        return RULE.not_checked(missing)
    mean_gap, mean_errors = _apart(history, "mean")
    variance_gap, variance_errors = _apart(history, "variance")
    wrong: Mask = np.maximum(mean_errors, variance_errors) > ERRORS_AT_LEAST
    if wrong.any():
        return _finding(history, wrong, mean_gap[wrong].max(), variance_gap[wrong].max())
    compared = history.model("copies_compared")[-1]
    if not compared >= 0:
        return RULE.not_checked(
            "No copies were compared: this process holds one copy of the statistics, and those of"
            " other processes are not read."
        )
    if compared < COMPARED_AT_LEAST:
        return RULE.not_checked(
            f"Needs {COMPARED_AT_LEAST:.0f} records in which the layers train. Train longer."
        )
    if (mean_gap + variance_gap > 0).any():
        return RULE.ok("The replicas' copies differ by no more than the noise of their batches.")
    return RULE.ok("The replicas' copies of the statistics are alike.")


def _finding(history: ModelHistory, wrong: Mask, mean_gap: float, log_ratio: float) -> Outcome:
    legacy = history.facts.keras.startswith("tf_keras")
    saved = "the mean of the copies" if legacy else "the first replica's copy alone"
    ratio = float(np.exp(min(log_ratio, 100.0)))
    return RULE.layer_finding(
        history,
        wrong,
        f"{'has' if wrong.size == 1 else 'have'} copies of the moving statistics on"
        f" {history.facts.replicas} replicas that are up to {num(mean_gap)} standard deviations"
        f" apart in mean and a factor {num(ratio)} in variance: the replicas get data of different"
        f" kinds. What is saved is {saved}.",
        fix=(
            "Shuffle the rows before they are dealt out to the replicas:"
            " `dataset.shuffle(10_000).batch(global_batch_size)`; or let the replicas share the"
            " statistics of each batch: `BatchNormalization(synchronized=True)`."
        ),
        evidence={
            "replicas": history.facts.replicas,
            "mean_gap": round(mean_gap, 4),
            "variance_factor": round(ratio, 4),
        },
        since="replica_gap_first_step",
    )


def _apart(history: ModelHistory, of: str) -> tuple[Floats, Floats]:
    """The distance of the copies [layers], and how many standard errors it is.

    0 errors where the distance is below the threshold, or was never noted.
    """
    gap, error = count(history, f"replica_{of}_gap"), count(history, f"replica_{of}_error")
    far = gap > FAR[of]
    return gap, np.where(far, gap / np.maximum(error, 1e-12), 0.0)
