"""Reading a model's statistics and counters off the device in one call."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.calls.counting import COUNTED, LayerCounter
from tb_bnplugin.keras.identity import IdentityRef
from tb_bnplugin.keras.model.trainable import set_by_program
from tb_bnplugin.keras.optimizers import description
from tb_bnplugin.keras.variables import copies, local
from tb_bnplugin.measure.reading import Reading

WATCHED_WEIGHTS: Final = 8
"""Trainable weights, other than gamma and beta, that witness that the model trains."""

WATCHED_VALUES: Final = 256
"""Values read of each of them: enough that a step of any optimizer shows."""


class StateReader:
    """Reads all watched layers of one model; made anew when layers are added."""

    def __init__(
        self,
        model: Any,
        layers: Sequence[Any],
        counters: Sequence[LayerCounter],
        optimizers: Sequence[Any] = (),
        trainable_replaced: Mapping[int, bool] | None = None,
        earlier: StateReader | None = None,
    ) -> None:
        self._optimizers = tuple(map(weakref.ref, optimizers))
        self._trainable_replaced = trainable_replaced or {}  # as `replaced_by_fit` has it
        self._layers = list(layers)
        self._counters = list(counters)
        self._weights = _choose_weights(model, layers)
        gamma_beta: list[Any] = []
        owners: list[int] = []
        for index, layer in enumerate(layers):
            # One of the two shows that the layer learns, at half the cost of reading both.
            variable = _first_given(layer, ("beta", "gamma"))
            if variable is not None:
                gamma_beta.append(variable)
                owners.extend([index] * int(np.prod(variable.shape)))
        self._gamma_beta = gamma_beta
        self.gamma_beta_layers = np.array(owners, np.int64)
        """int64: the layer of each value of `Reading.gamma_beta`."""
        self._batches = next((c.batches for c in counters if c.batches is not None), None)
        self._parts = self._parts_read()
        # A trace takes longer than the steps of a small fit: one serves all fits.
        same = earlier is not None and self._parts == earlier._parts
        self._read: Callable[[], list[Any]] = (
            earlier._read if earlier is not None and same else self._traced()
        )

    def reading(self, optimizers: Sequence[Any]) -> StateReader:
        """A reader of the same layers and weights that reads of these optimizers."""
        other = copy.copy(self)
        other._optimizers = tuple(map(weakref.ref, optimizers))
        other._parts = other._parts_read()
        with tf.init_scope():
            other._read = other._traced()
        return other

    def _parts_read(self) -> list[object]:
        """All that a trace of `tensors` holds, by identity."""
        parts = [variable for layer in self._layers for variable in _statistics(layer)]
        parts += [*self._gamma_beta, *self._weights, self._batches]
        parts += [counter.executions for counter in self._counters]
        for optimizer in self._alive():
            parts += [optimizer, *description.numbers(optimizer)]
        return [_identity(part) for part in parts if part is not None]

    def _traced(self) -> Callable[[], list[Any]]:
        # One concrete function: TensorFlow warns the user of functions that are made often.
        traced: Callable[[], list[Any]] = tf.function(
            self.tensors, autograph=False
        ).get_concrete_function()
        return traced

    @property
    def watches_weights(self) -> bool:
        """True if there are weights other than gamma and beta."""
        return bool(self._weights)

    def tensors(self) -> list[tf.Tensor]:
        """All that is read, as tensors on the device, in the order `decode` takes them."""
        return [
            _packed([layer.moving_mean for layer in self._layers]),
            _packed([layer.moving_variance for layer in self._layers]),
            _other_copies(self._layers),
            _packed(self._gamma_beta),
            _stacked([counter.executions for counter in self._counters]),
            _packed(self._weights, WATCHED_VALUES),
            tf.zeros(0, tf.int64) if self._batches is None else local(self._batches),
            tf.reduce_max(_numbers(map(description.iterations, self._alive()), -1.0)),
            _agreed(_numbers(map(description.learning_rate, self._alive()), np.nan)),
        ]

    def read(self) -> Reading:
        """The present state."""
        return self.decode([value.numpy() for value in self._read()])

    def decode(self, values: Sequence[Any]) -> Reading:
        """The reading from the values of `tensors`."""
        mean, variance, others, gamma_beta, executions, weights, batches, iterations, rate = values
        trainable = np.array([bool(layer.trainable) for layer in self._layers], bool)
        as_set = trainable
        if self._trainable_replaced:
            as_set = np.array(
                [set_by_program(layer, self._trainable_replaced) for layer in self._layers], bool
            )
        return Reading(
            mean=mean,
            variance=variance,
            other_copies=others if len(others) else None,
            gamma_beta=gamma_beta,
            executions=executions,
            trainable=trainable,
            trainable_as_set=as_set,
            weights=weights,
            batches=batches if len(batches) else None,
            iterations=float(iterations) if iterations >= 0 else float("nan"),
            learning_rate=float(rate),
            # Read by itself: Keras 3 makes the variable later than this reader, and it is rare.
            loss_scale=_agreed_loss_scale(self._alive()),
        )

    def _alive(self) -> list[Any]:
        """The optimizers, as far as the program still has them."""
        return [kept for each in self._optimizers if (kept := each()) is not None]

    def channels(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """float32 [4, channels of all layers]: mean, variance, gamma, beta (NaN where absent)."""
        rows: list[list[Any]] = [[], [], [], []]
        for layer in self._layers:
            size = int(np.prod(layer.moving_mean.shape))
            for row, name in zip(
                rows, ("moving_mean", "moving_variance", "gamma", "beta"), strict=True
            ):
                variable = getattr(layer, name, None)
                value = np.full(size, np.nan) if variable is None else local(variable).numpy()
                row.append(np.asarray(value, np.float32).reshape(-1))
        return np.stack([np.concatenate(row) if row else np.zeros(0, np.float32) for row in rows])


def _identity(part: Any) -> object:
    try:
        return IdentityRef(part)
    except TypeError:  # a number of a legacy optimizer, which a trace holds as a constant
        return object()


def _statistics(layer: Any) -> tuple[Any, Any]:
    return layer.moving_mean, layer.moving_variance


def _first_given(layer: Any, names: Sequence[str]) -> Any:
    return next(
        (value for name in names if (value := getattr(layer, name, None)) is not None), None
    )


def _packed(variables: Sequence[Any], limit: int | None = None) -> tf.Tensor:
    values = [_flat(local(variable), limit) for variable in variables]
    wide = any(value.dtype == tf.float64 for value in values)
    dtype = tf.float64 if wide else tf.float32
    if not values:
        return tf.zeros(0, dtype)
    return tf.concat([tf.cast(value, dtype) for value in values], axis=0)


def _other_copies(layers: Sequence[Any]) -> tf.Tensor:
    """Statistics of all replicas but the first, float32 [replicas - 1, 2, channels].

    A layer that has one copy for all replicas repeats it.
    """
    mean = [copies(layer.moving_mean) for layer in layers]
    variance = [copies(layer.moving_variance) for layer in layers]
    replicas = max(map(len, (*mean, *variance)), default=1)
    if replicas == 1:
        return tf.zeros((0, 2, 0))

    def of_replica(index: int, rows: Sequence[Sequence[Any]]) -> tf.Tensor:
        return tf.cast(_packed([row[index if index < len(row) else 0] for row in rows]), tf.float32)

    return tf.stack(
        [
            tf.stack([of_replica(index, mean), of_replica(index, variance)])
            for index in range(1, replicas)
        ]
    )


def _flat(value: tf.Tensor, limit: int | None) -> tf.Tensor:
    flat = value if value.shape.rank == 1 else tf.reshape(value, [-1])
    return flat if limit is None else flat[:limit]


def _stacked(variables: Sequence[tf.Variable]) -> tf.Tensor:
    if not variables:
        return tf.zeros((0, len(COUNTED)), tf.int64)
    return tf.stack([local(variable) for variable in variables])


def _choose_weights(model: Any, layers: Sequence[Any]) -> list[Any]:
    mine = {id(getattr(layer, name, None)) for layer in layers for name in ("gamma", "beta")}
    try:
        trainable = model.trainable_variables
    except ValueError:  # tf_keras: a Sequential model that is not built yet
        trainable = []
    others = [
        weight
        for weight in trainable
        if id(weight) not in mine and getattr(weight.dtype, "is_floating", True)
    ]
    if len(others) <= WATCHED_WEIGHTS:
        return others
    chosen = np.linspace(0, len(others) - 1, WATCHED_WEIGHTS).round().astype(int)
    return [others[index] for index in chosen]


def _agreed_loss_scale(optimizers: Sequence[Any]) -> float:
    """The present loss scale of optimizers; NaN where they have none, or not the same."""
    scales = {description.loss_scale(optimizer) for optimizer in optimizers}
    return scales.pop() if len(scales) == 1 else float("nan")


def _numbers(values: Iterable[Any], unknown: float) -> tf.Tensor:
    """float64 [values, one at least], `unknown` in the place of None."""
    known = [tf.cast(unknown if value is None else value, tf.float64) for value in values]
    return tf.stack(known or [tf.constant(unknown, tf.float64)])


def _agreed(numbers: tf.Tensor) -> tf.Tensor:
    """The number that all are, NaN where they differ."""
    same = tf.reduce_all(tf.equal(numbers, numbers[0]))
    return tf.where(same, numbers[0], tf.constant(np.nan, tf.float64))
