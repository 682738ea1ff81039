"""The gradients of a loop, against a loss that it hands over: eagerly, or when a step runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.gradient.applied import AppliedGradients
from tb_bnplugin.keras.gradient.given import GivenGradients
from tb_bnplugin.keras.gradient.handed import Handed, again, compare, flat
from tb_bnplugin.keras.gradient.passed import PassedGradients
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.watched_layers import strategy_of
from tb_bnplugin.schedule import growing
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

Floats = np.ndarray[Any, np.dtype[np.float64]]

Compared = dict[str, Floats]
"""Vectors [GRADIENT_COLUMNS] by the name of their record."""

GROWTH: Final = 1.1
"""Of the losses handed over between two comparisons."""


class LoopGradients:
    """Compares what comes back to predictions, and what an optimizer is given, with a loss."""

    def __init__(self, model: Any, applied: AppliedGradients, guard: Guard) -> None:
        self._guard = guard
        self._flavour = flavour_of(model)
        self._applied = applied
        self._given = GivenGradients(applied, self._flavour)
        self._passed = guard.attempt("gradients", PassedGradients, model, strategy_of(model), guard)
        self._before: Handed | None = None  # of a Keras loss that came before its backward pass
        self._calls = 0
        self._due = growing(GROWTH)

    def begin(self) -> None:
        """Look at the predictions of the model, from now on."""
        if self._passed is not None:
            self._guard.attempt("gradients", self._passed.begin)

    def end(self) -> None:
        """Give the model its own method back."""
        if self._passed is not None:
            self._passed.end()

    def held(self) -> tf.Tensor | None:
        """The newest that came back to the predictions, as `PassedGradients` has it."""
        return None if self._passed is None else self._passed.held()

    def compare(self, loss: Any, y_true: Any, y_pred: Any, options: LossOptions) -> Compared:
        """The comparisons with a loss that is handed over eagerly."""
        found = {}
        weights = options.sample_weight
        given = self._guard.attempt("gradients", self._given.measure, loss, y_true, y_pred, weights)
        if given is not None:
            found["given"] = given
        handed = self._handed(loss, y_true, y_pred, options)
        held = None if handed is None else self.held()
        if handed is not None and held is not None:
            found |= self._compared(held, handed)
        return found

    def traced(
        self, loss: Any, y_true: Any, y_pred: Any, options: LossOptions
    ) -> tuple[list[tf.Tensor], Callable[[Sequence[tf.Tensor]], Compared]]:
        """The same within a traced step: tensors, and what compares their values when it runs."""
        handed = self._handed(loss, y_true, y_pred, options)
        held = None if handed is None else self.held()
        if handed is None or held is None:
            return [], lambda _: {}
        known = handed

        def later(values: Sequence[tf.Tensor]) -> Compared:
            return self._compared(values[0], again(known, values[1:]))

        return [held, *flat(known)], later

    def _handed(self, loss: Any, y_true: Any, y_pred: Any, options: LossOptions) -> Handed | None:
        if self._passed is not None:
            self._guard.attempt("gradients", self._passed.want)
        try:
            return Handed.of(loss, y_true, y_pred, options)
        except Exception:  # noqa: BLE001  # no tensors: said where the loss itself is measured
            return None

    def _compared(self, held: tf.Tensor, handed: Handed) -> Compared:
        self._calls += 1
        if not self._due.is_due(self._calls):
            return {}
        try:
            columns = self._with_one_of(np.asarray(held, np.float64), handed)
        except Exception:  # noqa: BLE001  # a loss may fail on some batch: nothing is compared
            return {}
        if columns is None:
            return {}
        columns["tape_scale"] = self._applied.loss_scale()
        vector = [columns.get(name, np.nan) for name in GRADIENT_COLUMNS]
        return {"tape": np.array(vector, np.float64)}

    def _with_one_of(self, held: Floats, handed: Handed) -> dict[str, float] | None:
        """The comparison; with what was handed over before, where a step does so before a pass."""
        found = compare(held, handed, self._flavour)
        before, self._before = self._before, None
        if found is None:
            found = None if before is None else compare(held, before, self._flavour)
            self._before = handed
        return found
