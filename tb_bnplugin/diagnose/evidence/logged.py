"""The loss in the logs of `fit`, against the compiled loss that was measured in the same steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.gradients import WITHIN
from tb_bnplugin.history.model import Floats, ModelHistory, Steps

MEANS: Final = ("compiled_by_rows", "compiled_by_steps", "compiled_last")
"""Columns of what programs log of an epoch: Keras' running mean, a plain one, or the last step."""

FAR_BELOW: Final = 0.9
"""Of what the batches of an epoch let expect at least: three deviations below their mean."""

CHANGES: Final = 1.05
"""Largest over smallest loss of the epochs, from which a constant quotient is no chance."""


@dataclass(frozen=True, kw_only=True)
class Logged:
    """The epochs of a run, each with what was logged and what was measured of its steps."""

    steps: Steps  # [epochs]: at their ends
    loss: Floats  # [epochs], as logged
    measured: dict[str, Floats]  # each [epochs]: keys of GRADIENT_COLUMNS; NaN: not measured

    @property
    def is_measured(self) -> bool:
        """True where the compiled loss was measured in each of the epochs."""
        return all(np.isfinite(self.measured[name]).all() for name in MEANS)

    def of_whole_epochs(self) -> Logged:
        """The epochs in which every step was measured."""
        made, measured = self.measured["epoch_steps"], self.measured["compiled_steps"]
        whole = ~(measured < made)  # not known of an older log, which measured all
        return Logged(
            steps=self.steps[whole],
            loss=self.loss[whole],
            measured={name: values[whole] for name, values in self.measured.items()},
        )

    @property
    def has_other_terms(self) -> bool:
        """True where layers add to the loss what was not measured."""
        return bool((self.measured["other_losses"] != 0.0).any())

    def equals_loss(self, factors: Sequence[float]) -> bool:
        """Return True where the logged loss is the measured one, with the regularizers or without.

        Args:
            factors: by which the measured loss may be multiplied.
        """
        for low, high in self._expected(factors):
            above = low - _tolerance(low) <= self.loss
            below = self.loss <= high + _tolerance(high)
            fits = above & below
            # what the regularizers were when the first epoch began is not known
            if fits.all() or (len(fits) > 2 and (low != high).any() and fits[1:].all()):
                return True
        return False

    def constant_quotient(self) -> float | None:
        """The logged loss over the measured one, where it is the same in all epochs."""
        for name in MEANS:
            value = self.measured[name]
            if (value == 0.0).any():
                continue
            quotients = self.loss / value
            middle = float(np.median(quotients))
            changes = np.abs(value).max() > CHANGES * np.abs(value).min()
            if changes and (np.abs(quotients - middle) <= WITHIN * abs(middle)).all():
                return middle
        return None

    def equals_predictions(self) -> bool:
        """Return True where the logged loss is the mean of the predictions."""
        mean = self.measured["predictions_mean"]
        return bool((np.abs(self.loss - mean) <= _tolerance(mean)).all())

    def is_far_below(self, factors: Sequence[float]) -> bool:
        """Return True where the logged loss is less than any batch lets expect, in each epoch.

        What a step adds to a loss makes it larger.

        Args:
            factors: by which the measured loss may be multiplied.
        """
        least = self.measured["compiled_by_steps"] - 3.0 * self.measured["compiled_deviation"]
        below = [self.loss < FAR_BELOW * factor * least for factor in factors if factor > 0.0]
        return bool((least > 0.0).all() and np.all(below))

    def _expected(self, factors: Sequence[float]) -> Iterator[tuple[Floats, Floats]]:
        """Smallest and largest value of each epoch, for each thing that a program may log."""
        ends = self.measured["regularization"]
        # within an epoch the weights, and with them their regularizers, go from one end to the next
        begins = np.concatenate([ends[:1], ends[:-1]])
        none = np.zeros_like(ends)
        ranges = [(none, none), (np.minimum(begins, ends), np.maximum(begins, ends))]
        for name in MEANS:
            for factor in factors:
                for low, high in ranges:
                    for times in {1.0, factor}:
                        loss = factor * self.measured[name]
                        yield loss + times * low, loss + times * high


def logged_losses(history: ModelHistory) -> Logged | None:
    """The losses that `fit` logged at the ends of the epochs; None where it logged none."""
    for gradient in history.gradients:
        loss = gradient.columns.get("logged_loss")
        if loss is None or not np.isfinite(loss).any():
            continue
        known = np.isfinite(loss)
        unknown = np.full(len(loss), np.nan)
        names = (
            *MEANS,
            "compiled_steps",
            "epoch_steps",
            "compiled_deviation",
            "predictions_mean",
            "regularization",
            "other_losses",
        )
        measured = {name: gradient.columns.get(name, unknown)[known] for name in names}
        return Logged(steps=gradient.steps[known], loss=loss[known], measured=measured)
    return None


def _tolerance(value: Floats) -> Floats:
    return WITHIN * np.abs(value)
