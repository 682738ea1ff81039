"""A model that nobody watches for a while: wrappers of ours are taken off, and put back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tb_bnplugin.keras.calls.wrapping import counted_by_others
from tb_bnplugin.keras.gradient import observed_class
from tb_bnplugin.keras.losses.compiled import loss_container, metric_container
from tb_bnplugin.keras.model.layers import batch_norm_layers
from tb_bnplugin.keras.optimizers.description import attributes, chain

_METHODS: Final = ("call", "train_step", "apply", "apply_gradients")

_PRIOR: Final = ("_tb_bnplugin_prior", "_tb_bnplugin_inner")
"""Of a wrapper of ours: what stood in its place."""

_NOTHING: Final = object()


@contextmanager
def unplugged(model: Any, optimizers: Iterable[Any]) -> Iterator[None]:
    """Within, the model may be watched as if nobody had ever watched it.

    Who watched it before sees nothing of what is done within, and goes on afterwards.

    Args:
        model: and its layers, compiled losses and regularizers.
        optimizers: that may train it.
    """
    layers = list(model._flatten_layers())
    inner = [held for each in optimizers if each is not None for held in chain(each)]
    saved = [(target, dict(_own_methods(target))) for target in (*layers, *inner)]
    classes = [(target, type(target)) for target in _observed(model, layers)]
    for target, methods in saved:
        for name, method in methods.items():
            _put(target, name, _bare(method))
    for target, _ in classes:
        observed_class.release(target)
    try:
        with counted_by_others([layer for _, layer in batch_norm_layers(model)]):
            yield
    finally:
        for target, kind in classes:
            observed_class.set_class(target, kind)
        for target, methods in saved:
            for name, method in methods.items():
                _put(target, name, method)


def _own_methods(target: Any) -> Iterator[tuple[str, Any]]:
    """The methods of one object that are wrappers of ours."""
    for name in _METHODS:
        method = attributes(target).get(name)
        if method is not None and _bare(method) is not method:
            yield name, method


def _bare(method: Any) -> Any:
    """The method without our wrappers around it; `_NOTHING` where it is that of the class."""
    while method is not _NOTHING:
        function = getattr(method, "__func__", None)
        name = next((each for each in _PRIOR if hasattr(function, each)), None)
        if name is None:
            return method
        inner = getattr(function, name)
        method = _NOTHING if inner is None or type(inner) is object else inner
    return _NOTHING


def _put(target: Any, name: str, method: Any) -> None:
    held = vars(target)  # past Keras' attribute tracking
    if method is _NOTHING:
        held.pop(name, None)
    else:
        held[name] = method


def _observed(model: Any, layers: Iterable[Any]) -> Iterator[Any]:
    """The objects whose class we have replaced: compiled losses and metrics, regularizers."""
    held = [value for layer in layers for value in attributes(layer).values()]
    seen: set[int] = set()
    for each in (loss_container(model), metric_container(model), *held):
        if id(each) not in seen and observed_class.own_class(each) is not type(each):
            seen.add(id(each))
            yield each
