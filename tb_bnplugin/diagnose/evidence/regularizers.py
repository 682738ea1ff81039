"""How often the regularizers of weights are in what is differentiated, as measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.history.model import ModelHistory

WHOLE_WITHIN: Final = 1e-3
"""Relative, of a number of times that is whole: it is a gradient of 1, added up and divided."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """The number of times that a step holds the regularizers, replicas summed; all records.

    0 where the optimizer got gradients of the regularized weights, and none came back from a
    regularizer in any record.
    """

    least: float
    most: float
    reached: int  # weights to whose regularizers a gradient came back
    regularizers: int  # weights with one that were looked at
    steps: tuple[int, int]  # first and last record

    @property
    def are_whole(self) -> bool:
        """True where each counts a whole number of times."""
        return all(
            round(each) >= 1 and abs(each - round(each)) <= WHOLE_WITHIN * each
            for each in (self.least, self.most)
        )


def measured_times(history: ModelHistory) -> Times | None:
    """The measurement; None where it is not known whether a gradient came back."""
    for gradient in history.gradients:
        least, most = (
            gradient.columns.get(f"regularizer_times_{which}") for which in ("least", "most")
        )
        reached, known = (
            gradient.columns.get(name) for name in ("regularizers_reached", "regularizers")
        )
        if least is None or most is None or reached is None or known is None:
            continue
        usable = np.isfinite(least) & np.isfinite(most)
        usable &= (reached > 0) if (reached > 0).any() else (reached == 0)
        if not usable.any():
            continue
        replicas = max(history.facts.replicas, 1)
        return Times(
            least=float(least[usable].min()) * replicas,
            most=float(most[usable].max()) * replicas,
            reached=int(reached[usable].max()),
            regularizers=int(known[usable][-1]),
            steps=(int(gradient.steps[usable][0]), int(gradient.steps[usable][-1])),
        )
    return None
