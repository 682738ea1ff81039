"""What a model's compiled losses and metrics are, and what they were given when traced.

`fit` hands a callback neither labels nor predictions. The objects in which Keras keeps the
losses and metrics of a model are observed instead, while a step is traced: nothing is added
to the graph, and nothing runs in a step.
"""

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
from tb_bnplugin.keras.flavour import Flavour, flavour_of
from tb_bnplugin.keras.losses import compiled, naming
from tb_bnplugin.keras.losses.compiled import OutputData
from tb_bnplugin.schema.facts import LossFacts, MetricFacts

Shape = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class _Given:
    """Shapes and dtypes that one loss or metric was handed."""

    label_shape: Shape | None = None
    prediction_shape: Shape | None = None
    label_dtype: str | None = None
    prediction_dtype: str | None = None
    weighted: bool = False


_NOTHING = _Given()


class _Watched:
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
        self.given: list[_Given] | None = None
        self._from_training = False
        _put_class(container, method, weakref.WeakMethod(self.note))

    def note(self, labels: Any, predictions: Any, weights: Any, frame: FrameType | None) -> None:
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

    def at(self, index: int) -> _Given:
        if self.given is None or index >= len(self.given):
            return _NOTHING
        return self.given[index]


class LossObserver:
    """The compiled losses and metrics of one model, from now on and across `compile`.

    Raises:
        TypeError: `model` is no Keras model.
    """

    def __init__(self, model: Any, guard: Guard) -> None:
        self._guard = guard
        self._flavour: Flavour = flavour_of(model)
        self._model = weakref.ref(model)
        self._losses: _Watched | None = None
        self._metrics: _Watched | None = None
        self.refresh()

    def refresh(self) -> None:
        """Follows the model to what a later `compile` made; call it when a fit begins."""
        model = self._model()
        if model is None:
            return
        try:
            self._losses = self._follow(
                self._losses, compiled.loss_container(model), "__call__", self._split_losses
            )
            self._metrics = self._follow(
                self._metrics, compiled.metric_container(model), "update_state", self._split_metrics
            )
        except Exception as error:  # noqa: BLE001  # Keras' containers are private
            self._guard.fail("compiled_losses", error)

    def close(self) -> None:
        """Gives the observed objects their own classes back."""
        for watched in (self._losses, self._metrics):
            if watched is not None:
                _restore_class(watched.container)
        self._losses = self._metrics = None

    def losses(self) -> tuple[LossFacts, ...]:
        """The compiled losses, one an output, with what they were given in training.

        Shapes are None before the first trace, and where a step of the user's own never calls
        the compiled loss.
        """
        watched = self._losses
        if watched is None:
            return ()
        try:
            named = self._named_losses(watched)
        except Exception as error:  # noqa: BLE001
            self._guard.fail("compiled_losses", error)
            return ()
        facts = []
        for index, (name, loss) in enumerate(named):
            given = watched.at(index)
            loss_class, reduction = naming.loss_class(self._flavour, loss)
            facts.append(
                LossFacts(
                    name=name,
                    loss_class=loss_class,
                    reduction=reduction,
                    label_shape=given.label_shape,
                    prediction_shape=given.prediction_shape,
                    label_dtype=given.label_dtype,
                    prediction_dtype=given.prediction_dtype,
                    weighted=given.weighted,
                )
            )
        return tuple(facts)

    def metrics(self) -> tuple[MetricFacts, ...]:
        """The compiled metrics with what Keras made of their names; empty before the first step."""
        watched = self._metrics
        if watched is None:
            return ()
        try:
            parts = compiled.metric_parts(self._flavour, watched.container)
            asked = naming.asked_names(watched.container)
        except Exception as error:  # noqa: BLE001
            self._guard.fail("compiled_losses", error)
            return ()
        facts = []
        for part in parts:
            given = watched.at(part.output)
            metric_class = naming.metric_class(self._flavour, part.metric)
            facts.append(
                MetricFacts(
                    name=part.name,
                    compiled_as=naming.asked(part.name, asked) or metric_class,
                    metric_class=metric_class,
                    label_shape=given.label_shape,
                    prediction_shape=given.prediction_shape,
                    label_dtype=given.label_dtype,
                    prediction_dtype=given.prediction_dtype,
                )
            )
        return tuple(facts)

    def _named_losses(self, watched: _Watched) -> list[tuple[str, Any]]:
        container = watched.container
        if container.built:
            parts = compiled.loss_parts(self._flavour, container)
            return [(part.name, part.loss) for part in parts]
        return compiled.asked_losses(self._flavour, container)

    def _follow(
        self, watched: _Watched | None, container: Any, method: str, split: Callable[..., Any]
    ) -> _Watched | None:
        if watched is not None and watched.container is container:
            return watched
        if watched is not None:
            _restore_class(watched.container)
        if container is None:
            return None
        return _Watched(container, method, split, self._guard, aligns=not self._flavour.is_keras_3)

    def _split_losses(self, container: Any, *given: Any) -> list[OutputData | None]:
        return compiled.loss_data(self._flavour, container, *given)

    def _split_metrics(self, container: Any, *given: Any) -> list[OutputData | None]:
        return compiled.metric_data(self._flavour, container, *given)


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


def _restore_class(container: Any) -> None:
    container.__class__ = _own_class(container)


def _own_class(container: Any) -> Any:
    return getattr(type(container), "_tb_bnplugin_base", type(container))


def _given(data: OutputData | None, *, aligns: bool) -> _Given:
    if data is None:
        return _NOTHING
    label_shape, prediction_shape = _shape(data.labels), _shape(data.predictions)
    if aligns and len(label_shape or ()) == 1 and len(prediction_shape or ()) == 2:
        # tf_keras hands labels (N,) on as (N, 1) where predictions have two axes
        label_shape = (*(label_shape or ()), 1)
    return _Given(
        label_shape=label_shape,
        prediction_shape=prediction_shape,
        label_dtype=_dtype(data.labels),
        prediction_dtype=_dtype(data.predictions),
        weighted=data.weights is not None,
    )


def _shape(value: Any) -> Shape | None:
    try:
        return tuple(None if size is None else int(size) for size in value.shape)
    except (AttributeError, TypeError, ValueError):
        return None


def _dtype(value: Any) -> str | None:
    dtype = getattr(value, "dtype", None)
    return None if dtype is None else str(getattr(dtype, "name", dtype))
