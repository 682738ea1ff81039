"""The sum of the regularizers of a model's weights: the part of a loss that loops forget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.variables import local


def weight_regularization(model: Any) -> tf.Tensor:
    """The sum of the regularizers of all trainable weights: a float64 scalar, 0 without any.

    Losses that layers compute of their inputs are not among them.
    """
    total = tf.zeros((), tf.float64)
    with record.stop_recording():
        for term in _terms(model):
            total += tf.cast(tf.reduce_sum(term()), tf.float64)
    return total


def _terms(model: Any) -> list[Callable[[], Any]]:
    if flavour_of(model).is_keras_3:
        return [
            lambda variable=variable: variable.regularizer(local(variable))  # type: ignore[misc]
            for variable in model.trainable_variables
            if getattr(variable, "regularizer", None) is not None
        ]
    # tf_keras keeps each as a function without arguments at its layer.
    return [
        term
        for layer in model._flatten_layers()
        if layer.trainable
        for term in getattr(layer, "_callable_losses", ())
    ]


def regularized_variables(model: Any) -> list[tuple[Any, Any]]:
    """The regularizer and the variable of each trainable weight that has one."""
    if flavour_of(model).is_keras_3:
        return [
            (variable.regularizer, variable)
            for variable in model.trainable_variables
            if getattr(variable, "regularizer", None) is not None
        ]
    return [
        found
        for layer in model._flatten_layers()
        if layer.trainable
        for term in getattr(layer, "_callable_losses", ())
        if (found := _regularizer_in(term)) is not None
    ]


def _regularizer_in(term: Any) -> tuple[Any, Any] | None:
    """The two in one of tf_keras' functions; None: it computes another loss."""
    #  partial(_tag_callable, partial(_loss_for_variable, variable)), with the regularizer within
    inner: tuple[Any, ...] = getattr(term, "args", ())[:1]
    function = getattr(inner[0], "func", None) if inner else None
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    if function is None or "regularizer" not in names:
        return None
    (variable,) = inner[0].args
    return function.__closure__[names.index("regularizer")].cell_contents, variable
