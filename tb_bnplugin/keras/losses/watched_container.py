"""One object in which Keras keeps compiled losses or metrics, and what it is called with."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.calls.suspend import suspended
from tb_bnplugin.keras.losses.logits import carries_logits
from tb_bnplugin.keras.losses.output_data import OutputData
from tb_bnplugin.schema.facts import Shape


@dataclass(frozen=True, kw_only=True)
class Given:
    """Shapes and dtypes that one loss or metric was handed."""

    label_shape: Shape | None = None
    prediction_shape: Shape | None = None
    label_dtype: str | None = None
    prediction_dtype: str | None = None
    weighted: bool = False
    carries_logits: bool | None = None


_NOTHING = Given()


class WatchedContainer:
    """One container and what it was called with; training comes before evaluation."""

    def __init__(
        self,
        container: Any,
        method: str,
        split: Callable[..., Any],
        guard: Guard,
        *,
        aligns: bool,
    ) -> None:
        self.container = container
        self.guard = guard
        self._split = split
        self._aligns = aligns
        self.given: list[Given] | None = None
        self._from_training = False
        _put_class(container, method, weakref.WeakMethod(self.note))

    def note(self, labels: Any, predictions: Any, weights: Any, frame: FrameType | None) -> None:
        """Keep what the container is being called with, where it says more than before."""
        if suspended() or (self._from_training and tf.executing_eagerly()):
            return
        if context.is_symbolic() or context.is_exporting():
            return  # Keras looks at shapes with data of its own making
        training = context.current(frame).context not in ("evaluate", "predict")
        if self._from_training and not training:
            return
        data = self._split(self.container, labels, predictions, weights)
        self.given = [_given(item, aligns=self._aligns) for item in data]
        self._from_training = training

    def release(self) -> None:
        """Give the container its own class back."""
        self.container.__class__ = _own_class(self.container)

    def at(self, index: int) -> Given:
        """The values that the loss or metric of this index was given, as far as they are known."""
        if self.given is None or index >= len(self.given):
            return _NOTHING
        return self.given[index]


def _put_class(container: Any, method: str, note: Callable[[], Any]) -> None:
    """Gives one object a class of its own, whose `method` notes what it was called with.

    `__call__` is looked up in the class alone, so that an attribute would not be seen.
    """
    base = _own_class(container)

    def observed(self: Any, y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
        result = getattr(base, method)(self, y_true, y_pred, *args, **kwargs)
        weights = args[0] if args else kwargs.get("sample_weight")
        _note_call(note(), y_true, y_pred, weights, sys._getframe(1))
        return result

    def reduce(self: Any, protocol: Any) -> Any:
        # A copy or a pickle is of Keras' class: nothing of ours is in it.
        self.__class__ = base
        try:
            return base.__reduce_ex__(self, protocol)
        finally:
            self.__class__ = own

    # As Keras' own, so that autograph goes on treating what is called within as before.
    observed.__module__ = base.__module__
    own = type(
        base.__name__,
        (base,),
        {
            method: observed,
            "__reduce_ex__": reduce,
            "__module__": base.__module__,
            "__qualname__": base.__qualname__,
            "_tb_bnplugin_base": base,
        },
    )
    container.__class__ = own


# TensorFlow 2.16's autograph converts tf_keras, and with it whatever tf_keras calls.
@tf.autograph.experimental.do_not_convert
def _note_call(noting: Any, labels: Any, predictions: Any, weights: Any, frame: Any) -> None:
    if noting is None:
        return
    try:
        noting(labels, predictions, weights, frame)
    except Exception as error:  # noqa: BLE001  # the user's loss goes on
        noting.__self__.guard.fail("compiled_losses", error)


def _own_class(container: Any) -> Any:
    return getattr(type(container), "_tb_bnplugin_base", type(container))


def _given(data: OutputData | None, *, aligns: bool) -> Given:
    if data is None:
        return _NOTHING
    label_shape, prediction_shape = _shape(data.labels), _shape(data.predictions)
    if aligns and len(label_shape or ()) == 1 and len(prediction_shape or ()) == 2:
        # tf_keras hands labels (N,) on as (N, 1) where predictions have two axes
        label_shape = (*(label_shape or ()), 1)
    return Given(
        label_shape=label_shape,
        prediction_shape=prediction_shape,
        label_dtype=_dtype(data.labels),
        prediction_dtype=_dtype(data.predictions),
        weighted=data.weights is not None,
        carries_logits=carries_logits(data.predictions),
    )


def _shape(value: Any) -> Shape | None:
    try:
        return tuple(None if size is None else int(size) for size in value.shape)
    except (AttributeError, TypeError, ValueError):
        return None


def _dtype(value: Any) -> str | None:
    dtype = getattr(value, "dtype", None)
    return None if dtype is None else str(getattr(dtype, "name", dtype))
