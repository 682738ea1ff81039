"""The gradients of one watched model: at its predictions, and where an optimizer gets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.applied import AppliedGradients
from tb_bnplugin.keras.gradient.loop import LoopGradients
from tb_bnplugin.keras.gradient.regularizers import WatchedRegularizers
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tb_bnplugin.keras.losses.step_values import added_losses
from tb_bnplugin.keras.model.describe import overrides_train_step
from tb_bnplugin.keras.watched_layers import strategy_of
from tb_bnplugin.schedule import growing
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

GROWTH: Final = 1.1
"""Of the steps between two looks at what reaches the optimizer: some 60 in 10,000 steps."""

LATE_CALLS: Final = 4
"""Calls of a model by which its layers are made: it is built then, or traced a second time."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


class WatchedGradients:
    """Measures gradients where a step of the program's own makes them, and nothing elsewhere."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._step: WatchedStep | None = None
        self._applied: AppliedGradients | None = None
        self._loop: LoopGradients | None = None
        self._regularizers: WatchedRegularizers | None = None
        self._has_stepped = False  # an optimizer, between the two newest looks
        self._due = growing(GROWTH)
        self._calls_left = 0  # of a `train_step`, before which a layer is looked for again
        self._lasts = False  # beyond a `fit`: the program watches the model

    def begin_fit(self, model: Any) -> None:
        """Measure what a `train_step` of the model's own does; before it is traced."""
        if self._loop is not None:
            self._loop.end()
        self._begin_regularizers(model)
        if not overrides_train_step(model):
            return
        if self._step is None and WatchedStep.suits(model):
            self._step = self._guard.attempt(
                "losses", WatchedStep, model, strategy_of(model), self._guard
            )
        if self._step is not None:
            self._step.before_call, self._calls_left = self._begin_late, LATE_CALLS
            self._step.begin()
            self._guard.attempt("losses", self._step.values.begin)
        self._begin_applied(model, [getattr(model, "optimizer", None)])

    def begin_loop(self, model: Any, optimizers: Sequence[Any]) -> None:
        """Measure what reaches these optimizers, and those found, until the watch is closed."""
        self._lasts = True
        self._begin_regularizers(model)
        self._begin_applied(model, optimizers)
        if self._loop is None and self._applied is not None:
            self._loop = LoopGradients(model, self._applied, self._guard)
        if self._loop is not None:
            self._loop.begin()

    def end_fit(self) -> None:
        """Give the model its own methods back; traced functions go on adding up."""
        if self._step is not None:
            self._step.end()
        if not self._lasts:
            self.close()
        elif self._loop is not None:
            self._loop.begin()

    def close(self) -> None:
        """Give layer, optimizers and regularizers their own methods back."""
        if self._regularizers is not None:
            self._guard.attempt("gradients", self._regularizers.end)
        if self._applied is not None:
            self._applied.end()
        if self._loop is not None:
            self._loop.end()

    def at_predictions(self) -> Floats | None:
        """The gradient that an own `train_step` made since the last call; None: not measured."""
        return None if self._step is None else self._step.take()

    def logged(self, model: Any, logs: Any) -> Floats | None:
        """The loss in the logs of an epoch; None: there is none, or of Keras' own step."""
        value = logs.get("loss") if isinstance(logs, Mapping) else None
        if value is None or not overrides_train_step(model):
            return None
        return self._guard.attempt("gradients", self._beside, model, value)

    def is_due(self, step: int) -> bool:
        """Return True where it is time to look at what reaches optimizer and regularizers."""
        measured = self._applied is not None or self._regularizers is not None
        return measured and self._due.is_due(step)

    def applied(self) -> Floats | None:
        """The gradient that reached an optimizer since the last call; None: none."""
        if self._applied is None:
            return None
        found = self._guard.attempt("gradients", self._applied.take)
        self._has_stepped = found is not None
        return found

    @property
    def loop(self) -> LoopGradients | None:
        """The gradients of a loop, against losses that it hands over; None outside of one."""
        return self._loop

    def _beside(self, model: Any, logged: Any) -> Floats:
        """The logged loss, beside what was measured of the steps of its epoch."""
        columns = {"logged_loss": float(np.asarray(logged))}
        if self._step is not None:
            columns |= self._guard.attempt("losses", self._step.values.take) or {}
            columns |= self._guard.attempt("losses", added_losses, model) or {}
        return np.array([columns.get(name, np.nan) for name in GRADIENT_COLUMNS], np.float64)

    def regularizers(self) -> Floats | None:
        """How often regularizers are in what was differentiated since the last call.

        To be asked after `applied`, which knows what was trained since then.
        """
        if self._regularizers is None:
            return None
        applied = self._applied if self._has_stepped else None
        trained = () if applied is None else applied.trained()
        return self._guard.attempt("gradients", self._regularizers.take, trained)

    def _begin_regularizers(self, model: Any) -> None:
        if self._regularizers is None:
            self._regularizers = self._guard.attempt(
                "gradients", WatchedRegularizers, model, strategy_of(model), self._guard
            )
        if self._regularizers is not None:
            self._guard.attempt("gradients", self._regularizers.begin)

    def _begin_late(self, model: Any) -> None:
        """Look for a layer again: those that `build` or `call` makes are not there before."""
        if self._calls_left > 0 and self._applied is not None and not self._applied.has_layer:
            self._calls_left -= 1
            self._begin_applied(model, [getattr(model, "optimizer", None)])

    def _begin_applied(self, model: Any, optimizers: Sequence[Any]) -> None:
        if self._applied is None:
            self._applied = self._guard.attempt(
                "gradients", AppliedGradients, model, strategy_of(model), self._guard
            )
        if self._applied is not None:
            self._guard.attempt("gradients", self._applied.begin, optimizers)
