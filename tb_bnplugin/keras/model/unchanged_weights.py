"""Which trainable weights have never changed, while others were trained.

Each weight is looked at as a whole, by the sum of its bits, a few times: after some steps, then
whenever the steps have doubled and when an epoch ends, until every weight has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.model.layers import all_layers
from tb_bnplugin.keras.variables import local
from tb_bnplugin.schedule import Schedule
from tb_bnplugin.schema.facts import WeightFacts

FIRST_LOOK: Final = 5
"""Steps after which a weight that a gradient reaches has changed: a branch that begins with a
scale of 0 lets none through at its first steps."""

_REASONS: Final = ("epoch", "end", "evaluation", "on_demand")
"""Of records: the weights are looked at whenever one is made for these."""


_NAMELESS: Final = re.compile(r"(.*/)?[Vv]ariable(_\d+)?(:0)?")
"""Names that TensorFlow and Keras give to variables that the program gave none."""


@dataclass
class _Weight:
    path: str
    variable: Any
    bits: int  # when it was first seen
    checked: bool = False


class UnchangedWeights:
    """The trainable weights of a model that have not changed since they were first seen."""

    def __init__(self) -> None:
        self._known: set[int] = set()
        self._weights: list[_Weight] = []
        self._begin: int | None = None
        self._schedule = _schedule(first=0)
        self.checked_step: int | None = None  # step of the newest look
        self.weights = 0  # how many were ever seen

    @property
    def unchanged(self) -> tuple[str, ...]:
        """Paths of the weights that never changed, as of the newest look."""
        return tuple(weight.path for weight in self._weights if weight.checked)

    def facts(self) -> WeightFacts:
        """The facts of the weights; none is known as unchanged before the first look."""
        return WeightFacts(
            trainable=self.weights,
            unchanged=self.unchanged if self.checked_step else (),
            checked_step=self.checked_step,
        )

    def begin(self, model: Any, step: int) -> None:
        """Note the trainable weights that are new: the model was built, or unfrozen."""
        try:
            variables = list(model.trainable_variables)
        except ValueError:  # tf_keras: a Sequential model that is not built yet
            return
        trainable = {id(variable) for variable in variables}
        # What is frozen by now need not change any more.
        self._weights = [weight for weight in self._weights if id(weight.variable) in trainable]
        new = [variable for variable in variables if id(variable) not in self._known]
        for variable in new:
            value = local(variable)
            if value.dtype.is_floating:
                path = path_of(model, variable)
                self._weights.append(_Weight(path=path, variable=variable, bits=_bits(value)))
                self.weights += 1
            self._known.add(id(variable))
        if new:
            self._begin = step
            self._schedule = _schedule(first=step + FIRST_LOOK)

    def look(self, step: int, reason: str) -> bool:
        """Look at the weights where it is time; return True where the answer changed."""
        if self._begin is None or not self._weights or step < self._begin + FIRST_LOOK:
            return False
        if not self._schedule.is_due(step):
            if reason not in _REASONS or step == self.checked_step:
                return False
            self._schedule.done(step)
        before = self.unchanged
        self._weights = [
            weight for weight in self._weights if _bits(local(weight.variable)) == weight.bits
        ]
        for weight in self._weights:
            weight.checked = True
        first = self.checked_step is None
        self.checked_step = step
        return first or self.unchanged != before


def path_of(model: Any, variable: Any) -> str:
    """The path of a weight; of one without a name of its own, that of the attribute it is."""
    path = str(getattr(variable, "path", variable.name))
    if not _NAMELESS.fullmatch(path):
        return path
    for where, layer in [(str(model.name), model), *all_layers(model)]:
        for name, value in vars(layer).items():
            if value is variable:
                return f"{where}.{name}"
    return path


def _schedule(first: int) -> Schedule:
    return Schedule(lambda step: max(2 * step, step + FIRST_LOOK), first=first)


def _bits(value: tf.Tensor) -> int:
    """The sum of a tensor's bits as whole numbers, which wraps: any one change changes it."""
    whole = {2: tf.int16, 4: tf.int32, 8: tf.int64}[value.dtype.size]
    return int(tf.reduce_sum(tf.cast(tf.bitcast(value, whole), tf.int64)))
