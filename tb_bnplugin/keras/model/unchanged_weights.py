"""Which trainable weights have never changed, while others were trained.

Each weight is looked at as a whole, by the sum of its bits, a few times: after some steps, then
whenever the steps have doubled and when an epoch ends, until every weight has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.variables import local

FIRST_LOOK: Final = 5
"""Steps after which a weight that a gradient reaches has changed: a branch that begins with a
scale of 0 lets none through at its first steps."""

_LOOKS: Final = ("epoch", "end", "evaluation", "on_demand")


@dataclass
class _Weight:
    path: str
    variable: Any
    bits: int  # when it was first seen
    looked_at: bool = False


class UnchangedWeights:
    """The trainable weights of a model that have not changed since they were first seen."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._unmoved: list[_Weight] = []
        self._begin: int | None = None
        self._next = 0
        self.looked_at: int | None = None  # step of the newest look
        self.weights = 0  # how many were ever seen

    @property
    def unmoved(self) -> tuple[str, ...]:
        """Paths of the weights that never changed, as of the newest look."""
        return tuple(weight.path for weight in self._unmoved if weight.looked_at)

    def begin(self, model: Any, step: int) -> None:
        """Notes the trainable weights that are new: the model was built, or unfrozen."""
        try:
            variables = list(model.trainable_variables)
        except ValueError:  # tf_keras: a Sequential model that is not built yet
            return
        trainable = {id(variable) for variable in variables}
        # What is frozen by now need not change any more.
        self._unmoved = [weight for weight in self._unmoved if id(weight.variable) in trainable]
        new = [variable for variable in variables if id(variable) not in self._known]
        for variable in new:
            value = local(variable)
            if value.dtype.is_floating:
                path = str(getattr(variable, "path", variable.name))
                self._unmoved.append(_Weight(path=path, variable=variable, bits=_bits(value)))
                self.weights += 1
            self._known.add(id(variable))
        if new:
            self._begin = step
            self._next = step + FIRST_LOOK

    def look(self, step: int, reason: str) -> bool:
        """Looks at the weights where it is time; says whether there is news."""
        if self._begin is None or not self._unmoved or step < self._begin + FIRST_LOOK:
            return False
        if step < self._next and (reason not in _LOOKS or step == self.looked_at):
            return False
        self._next = max(2 * step, step + FIRST_LOOK)
        before = self.unmoved
        self._unmoved = [
            weight for weight in self._unmoved if _bits(local(weight.variable)) == weight.bits
        ]
        for weight in self._unmoved:
            weight.looked_at = True
        first = self.looked_at is None
        self.looked_at = step
        return first or self.unmoved != before


def _bits(value: tf.Tensor) -> int:
    """The sum of a tensor's bits as whole numbers, which wraps: any one change changes it."""
    whole = {2: tf.int16, 4: tf.int32, 8: tf.int64}[value.dtype.size]
    return int(tf.reduce_sum(tf.cast(tf.bitcast(value, whole), tf.int64)))
