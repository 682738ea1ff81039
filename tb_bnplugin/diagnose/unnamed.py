"""The reason why a gap of the modes is laid to no layer: BN208."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, paths
from tb_bnplugin.diagnose.evidence.misfit import PROBES_AT_LEAST, Misfit, shaped_by_start
from tb_bnplugin.diagnose.evidence.probe_gap import ProbeGap
from tb_bnplugin.history.model import ModelHistory

MISFIT: Final = (
    "The moving statistics of {path} do not fit for another reason: see BN202. Where that is"
    " mended, a gap that is left can be told."
)
LITTLE: Final = (
    "That is too little to be told: it takes 5 % of the rows, and nine of them, or without classes"
    " a loss that is higher by half. With more rows in the held batch, a smaller gap can be told."
)
NEW: Final = (
    "In the probe before, the gap was smaller than what is told. If it is still there in the next"
    " probe, it can be told."
)
STARTING: Final = (
    "The starting value still shapes moving statistics: see BN201. While it does, no other cause of"
    " the gap can be told."
)
SMALL: Final = (
    "In no layer that can be compared are the moving statistics off in two probes, by a factor of"
    " two in variance or half a standard deviation in mean. With more rows in the held batch, and"
    " at a later probe, smaller gaps can be told."
)
NOT_COMPARED: Final = (
    "The moving statistics of {path} are off, and it is not known yet whether they follow the"
    " batches of training. That takes ten records or more, of as many updates as the momentum"
    " remembers."
)
NO_CAUSE: Final = (
    "The moving statistics of {path} are off, but they alone do not cause the gap. No single layer"
    " is known to."
)


def why_no_layer(
    history: ModelHistory, probe: ProbeGap, known: Mask, follows: Mask, misfit: Misfit | None
) -> str:
    """A reason, where the model does worse with moving statistics, and no layer is named.

    Args:
        history: of the model.
        probe: what the probes say of its layers.
        known: [layers] of which it says something.
        follows: [layers] whose statistics follow the batches of training.
        misfit: layers that do not fit.
    """
    if misfit is not None and misfit.kind != "following":
        return MISFIT.format(path=paths(history, misfit.layers)[0])
    if not probe.worse[-1]:
        return LITTLE
    if not probe.worse[-PROBES_AT_LEAST:].all():
        return NEW
    if shaped_by_start(history, probe).any():
        return STARTING
    off = known & probe.apart[-PROBES_AT_LEAST:].all(axis=0)
    if not off.any():
        return SMALL
    unknown = np.asarray(off & ~follows, bool)
    if unknown.any():
        return NOT_COMPARED.format(path=paths(history, unknown)[0])
    return NO_CAUSE.format(path=paths(history, off)[0])
