"""The terms that are added to a loss: regularizers of weights, and what layers add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.gradient.methods import WrappedMethod
from tb_bnplugin.keras.model.layers import all_layers
from tb_bnplugin.twins.names import variable_names

Tap = Callable[[Any, str, str], Any]
"""Puts an identity on a tensor: (tensor, kind, label)."""


class TappedTerms:
    """Puts an identity on each term, whose gradient is how often it is in the loss."""

    def __init__(self, model: Any, tap: Tap) -> None:
        self._model = model
        self._tap = tap
        self._is_keras_3 = flavour_of(model).is_keras_3
        self._names = variable_names(model)
        self._paths: dict[int, str] = {}
        self._regularizers: list[tuple[Any, Any]] = []  # Keras 3: of variables
        self._callables: list[tuple[list[Any], list[Any]]] = []  # tf_keras: of layers
        self._wrapped: list[WrappedMethod] = []

    @staticmethod
    def labels(model: Any) -> list[str]:
        """The weights that have a regularizer."""
        names = variable_names(model)
        if flavour_of(model).is_keras_3:
            held = [v for v in model.trainable_weights if getattr(v, "regularizer", None)]
            return [names.get(id(variable), variable.name) for variable in held]
        return [
            _label(names, layer, term)
            for layer in model._flatten_layers()
            if layer.trainable
            for term in getattr(layer, "_callable_losses", ())
        ]

    def begin(self) -> None:
        """Put the identities in."""
        if self._is_keras_3:
            for variable in self._model.weights:
                regularizer = getattr(variable, "regularizer", None)
                if regularizer is not None:
                    self._regularizers.append((variable, regularizer))
                    label = self._names.get(id(variable), str(variable.name))
                    variable.regularizer = self._tapped(regularizer, label)
        for layer in self._model._flatten_layers():
            terms = getattr(layer, "_callable_losses", None)
            if terms:
                self._callables.append((terms, list(terms)))
                terms[:] = [self._tapped(each, _label(self._names, layer, each)) for each in terms]
        for path, layer in (("the model", self._model), *all_layers(self._model)):
            self._paths[id(layer)] = path
            self._wrapped.append(WrappedMethod(layer, "add_loss", self._around_add_loss))

    def end(self) -> None:
        """Take them out."""
        for variable, regularizer in self._regularizers:
            variable.regularizer = regularizer
        for terms, before in self._callables:
            terms[:] = before
        for wrapped in reversed(self._wrapped):
            wrapped.restore()
        self._regularizers, self._callables, self._wrapped = [], [], []

    def _tapped(self, term: Callable[..., Any], label: str) -> Callable[..., Any]:
        @tf.autograph.experimental.do_not_convert
        def tapped(*args: Any, **kwargs: Any) -> Any:
            value = term(*args, **kwargs)
            return value if context.is_symbolic() else self._tap(value, "term", label)

        wrapped: Callable[..., Any] = tapped
        return wrapped

    def _around_add_loss(self, run: Any, layer: Any, args: Any, kwargs: Any) -> Any:
        if args and not context.is_symbolic():
            args = (self._tapped_loss(layer, args[0]), *args[1:])
        return run(layer, *args, **kwargs)

    @tf.autograph.experimental.do_not_convert
    def _tapped_loss(self, layer: Any, given: Any) -> Any:
        label = f"{self._paths[id(layer)]} (add_loss)"
        return tf.nest.map_structure(
            lambda each: self._tap(each, "term", label) if tf.is_tensor(each) else each, given
        )


def _label(names: dict[int, str], layer: Any, term: Any) -> str:
    held = list(getattr(term, "args", ()))
    while held:
        each = held.pop()
        if id(each) in names:
            return names[id(each)]
        held.extend(getattr(each, "args", ()))  # tf_keras wraps a partial in a partial
    return f"{layer.name} (add_loss)"
