"""The fix of moving statistics that a recalibration made of other data: BN202."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.probe_gap import LOG_GAP, ProbeGap
from tb_bnplugin.diagnose.evidence.rescaled import LOG_SCALE
from tb_bnplugin.diagnose.fixes import PREPARED
from tb_bnplugin.history.model import Floats, ModelHistory

FIX: Final = (
    "A recalibration estimated these statistics at step {step}, from data {other}. Give"
    " {recalibration} the training data, {prepared}: `x / 255` may stand in one place and not in"
    " the other."
)


def of_recalibration(history: ModelHistory, probe: ProbeGap, wrong: Mask) -> str | None:
    """How to recalibrate layers [layers] with the right data; None: that did not make them so.

    The first of them counts: those behind it see what it gives. It was recalibrated before the
    newest probe (at the step of a probe it is not known which of both came first), and the batches
    of training, where they are known, do not fit the statistics either.
    """
    before = int(np.searchsorted(history.steps, probe.step)) - 1
    if before < 0:
        return None
    first = int(np.flatnonzero(wrong)[0])
    step = float(history.layer("recalibrated_step")[before, first])
    if not np.isfinite(step):
        return None
    shift = float(probe.shift[first])
    against = _against_batches(history, first, since=step, until=probe.step)
    if (against * np.sign(shift) <= LOG_GAP).any():
        return None
    than = "those of training" if len(against) else "the held batch"
    by_fit = history.facts.trained_by == "fit"
    return FIX.format(
        step=int(step),
        other=f"of another scale than {than}" if abs(shift) > LOG_SCALE else f"unlike {than}",
        recalibration="`RecalibrateCallback`" if by_fit else "`recalibrate`",
        prepared=PREPARED,
    )


def _against_batches(history: ModelHistory, layer: int, *, since: float, until: int) -> Floats:
    """Logarithm of moving over batch variance of a layer in the records behind a step [known]."""
    within = (history.steps > since) & (history.steps <= until)
    epsilon = history.facts.layers[layer].epsilon or 0.0
    moving = history.layer("moving_variance")[within, layer] + epsilon
    batch = history.layer("batch_variance")[within, layer] + epsilon
    against = np.log(moving / batch)
    return np.asarray(against[np.isfinite(against)], np.float64)
