"""Probes in which all rows of the held batch give the same output, in one mode alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.history.model import Floats, ProbeHistory

COLLAPSED_BELOW: Final = 1e-4
"""Relative spread. float32 rounds at 6e-8 and a deep network adds that up to some 1e-6; outputs
that agree to four digits give the same class whatever the input."""

COLLAPSED_AGAINST_BATCH: Final = 1e-3
"""Spread with moving over spread with batch statistics. Both are of one network on one batch: where
the first is a thousandth of the second, what is left of it (small outputs have small spreads) says
nothing about the rows."""

DIFFERENT_ABOVE: Final = 1e-2
"""Relative spread with batch statistics: a hundred times as much, so that no task whose answers
are nearly constant is taken for a collapse."""


def relative_spreads(probe: ProbeHistory) -> tuple[Floats, Floats]:
    """Standard deviation of the outputs over the rows, relative to their size [probes].

    With moving, and with batch statistics; NaN where the outputs are 0 or not finite.
    """
    moving, batch = (
        _quotient(_column(probe, values, "spread"), _column(probe, values, "scale"))
        for values in (probe.moving, probe.batch)
    )
    return moving, batch


def collapsed(probe: ProbeHistory) -> Mask:
    """Probes [probes] in which moving statistics make all rows alike, and those of the batch not.

    One row has no spread: False.
    """
    moving, batch = relative_spreads(probe)
    against = _quotient(
        _column(probe, probe.moving, "spread"), _column(probe, probe.batch, "spread")
    )
    alike = (moving < COLLAPSED_BELOW) | (against < COLLAPSED_AGAINST_BATCH)
    one_row = _column(probe, probe.moving, "batch") < 2
    return np.asarray(alike & (batch > DIFFERENT_ABOVE) & ~one_row, bool)


def _column(probe: ProbeHistory, values: Mapping[str, Floats], name: str) -> Floats:
    return values.get(name, np.full(len(probe.steps), np.nan))


def _quotient(spread: Floats, other: Floats) -> Floats:
    """Quotient of a spread and another size [probes], NaN where that is 0."""
    quotient = np.full(len(spread), np.nan)
    np.divide(spread, other, out=quotient, where=other > 0)
    return quotient
