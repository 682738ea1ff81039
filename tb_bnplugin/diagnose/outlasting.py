"""The fix of moving statistics that their starting value still shapes: BN201."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.lagging import lag_behind
from tb_bnplugin.diagnose.evidence.probe_gap import MEAN_GAP
from tb_bnplugin.diagnose.fixes import PREPARED, RECALIBRATE, RECALIBRATE_IN_FIT, catch_up
from tb_bnplugin.history.model import Floats, ModelHistory
from tb_bnplugin.printed import num

LOWEST_SUGGESTED: Final = 0.5
"""Momentum: with less the statistics are those of the last batch or two."""

LEFT: Final = 0.1
"""Share of what the rule allows that is left after a cure."""

LAGS: Final = (
    "The means of the batches move while it trains, so that more updates or a lower momentum"
    " may not be enough."
)

MOMENTA_BETWEEN: Final = 20
"""Momenta from 0 to 1 of which one is suggested: 0.95, 0.9, 0.85, ..."""


def outlast_the_start(
    history: ModelHistory, momentum: Floats, needed: Floats, made: Floats, drift: Floats
) -> str:
    """How to be rid of the starting value.

    Args:
        history: of the model.
        momentum: of the layers that it shapes.
        needed: updates that they still need.
        made: updates that they had.
        drift: how far the means of their batches move with each update.
    """
    # momentum 0.99, 60 updates made, 692 needed: 229 more leave a tenth, as 0.99^229 = 0.1;
    # in the 60 updates, 0.85^60 = 0.99^(60 + 692 + 229)
    known = np.where((momentum > 0.0) & (momentum < 1.0), momentum, 0.99)
    more = needed + np.log(LEFT) / np.log(known)
    enough = float((known ** ((made + more) / made)).min())
    lower = np.floor(MOMENTA_BETWEEN * enough) / MOMENTA_BETWEEN
    if lag_behind(drift, max(lower, LOWEST_SUGGESTED)) > MEAN_GAP:
        return f"{LAGS} {catch_up(history)}"
    updates = whole(more.max())
    longer = (
        f"Train for about {updates} more update{'' if updates == 1 else 's'} before you judge the"
        " model by validation"
    )
    if lower < LOWEST_SUGGESTED:
        return f"{longer}. {_recalibrate(history)}"
    return (
        f"{longer}, or lower the momentum (now {num(known.max())}):"
        f" `BatchNormalization(momentum={num(lower)})`. {_recalibrate(history)}"
    )


def _recalibrate(history: ModelHistory) -> str:
    if history.facts.trained_by == "fit":
        return (
            f"Or let `fit` estimate the statistics from the training data, {PREPARED}, before each"
            f" validation: {RECALIBRATE_IN_FIT}."
        )
    return (
        f"Or estimate the statistics from the training data, {PREPARED}, before you validate:"
        f" {RECALIBRATE}."
    )


def whole(updates: float) -> int:
    """A number of updates, to be told."""
    return int(np.ceil(min(updates, 2.0**53)))
