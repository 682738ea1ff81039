"""The gradient that the optimizer of a loop is given, against that of the loss it hands over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tb_bnplugin.diagnose.evidence.applied import FEWEST, agreed
from tb_bnplugin.diagnose.evidence.losses import near
from tb_bnplugin.history.model import ModelHistory


@dataclass(frozen=True, kw_only=True)
class Given:
    """The optimizer is given `factor` times the gradient of Keras' mean of the loss.

    None where no one number explains nearly all records.
    """

    factor: float | None
    unscaled: float | None  # the factor divided by the loss scale of each record; 1 for no scale
    scale: float  # the newest; 1 where the optimizer has none
    channels: float  # numbers that were compared
    cosine: float  # smallest of all records
    steps: tuple[int, int]  # first and last record
    is_divided: bool  # by the optimizer, whatever it is given, as in Keras 3

    @property
    def applied(self) -> float | None:
        """The factor of what the optimizer makes its step of."""
        return self.unscaled if self.is_divided else self.factor

    @property
    def in_part(self) -> float | None:
        """The factor of steps that are wrong by the loss scale alone; None: they are not."""
        right = self.factor if self.is_divided else self.unscaled
        if right is None or not near(right, 1.0) or near(self.scale, 1.0):
            return None
        return 1.0 / self.scale if self.is_divided else self.scale


def given_gradient(history: ModelHistory) -> Given | None:
    """The comparison over all records; None where there are too few."""
    for gradient in history.gradients:
        nothing = np.full(len(gradient.steps), np.nan)
        factor, cosine, scale, channels = (
            gradient.columns.get(f"given_{name}", nothing)
            for name in ("factor", "cosine", "scale", "channels")
        )
        usable = np.isfinite(factor) & np.isfinite(cosine) & np.isfinite(channels)
        if int(usable.sum()) < FEWEST:
            continue
        scale = np.where(np.isfinite(scale) & (scale > 0.0), scale, 1.0)
        return Given(
            factor=agreed(factor[usable], cosine[usable]),
            unscaled=agreed(factor[usable] / scale[usable], cosine[usable]),
            scale=float(scale[usable][-1]),
            channels=float(channels[usable][-1]),
            cosine=float(cosine[usable].min()),
            steps=(int(gradient.steps[usable][0]), int(gradient.steps[usable][-1])),
            is_divided=history.facts.keras_3,
        )
    return None
