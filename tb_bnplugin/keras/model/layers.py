"""The layers of a model: every layer that Keras tracks, and those that are batch normalization."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any, Final

# tf_keras: also the parent of its BatchNormalization and SyncBatchNormalization
_KERAS_CLASSES: Final = ("BatchNormalization", "BatchNormalizationBase")
_STATISTICS: Final = ("moving_mean", "moving_variance", "momentum")


def batch_norm_layers(model: Any) -> list[tuple[str, Any]]:
    """(path, layer) of each batch normalization layer, in the model's order, each layer once.

    Layers that are not built yet are among them where their class tells; others (any layer
    with `moving_mean`, `moving_variance` and `momentum`) are once they are built.
    """
    return [(path, layer) for path, layer in all_layers(model) if is_batch_norm(layer)]


def is_batch_norm(layer: Any) -> bool:
    """True if a layer is batch normalization: Keras' own, a subclass, or a class like it."""
    for cls in type(layer).__mro__:
        if cls.__name__ in _KERAS_CLASSES and cls.__module__.startswith(("keras.", "tf_keras.")):
            return True
    if all(_holds(layer, name) for name in _STATISTICS):
        return True
    # One that is not built yet: by the names in its code, so that its first trace is counted too.
    return not getattr(layer, "built", True) and _makes_statistics(layer.__class__)


@functools.lru_cache(maxsize=256)
def _makes_statistics(cls: type) -> bool:
    """True if the code of a class that is not Keras' own names moving mean and variance."""
    names: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.startswith(("keras.", "tf_keras.")):
            break
        for member in vars(base).values():
            names.update(getattr(getattr(member, "__code__", None), "co_names", ()))
    return {"moving_mean", "moving_variance"} <= names


def all_layers(model: Any) -> list[tuple[str, Any]]:
    """(path, layer) of every layer that Keras tracks below `model`, in order, each once.

    A path is made of the names of the enclosing layers and the layer's own, without the
    model's: "base/block_1_BN". A second layer of the same path gets "_1", and so on.
    """
    found: list[tuple[str, Any]] = []
    paths: set[str] = set()
    for path, layer in _walk(model, "", {id(model)}):
        unique = path
        count = 0
        while unique in paths:
            count += 1
            unique = f"{path}_{count}"
        paths.add(unique)
        found.append((unique, layer))
    return found


def _walk(parent: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    # Not recursive in one call: Keras 3 then gives the layers of a nested model in reverse.
    children = parent._flatten_layers(recursive=False, include_self=False)
    for layer in children:
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        path = f"{prefix}{layer.name}"
        yield path, layer
        yield from _walk(layer, f"{path}/", seen)


def _holds(layer: Any, name: str) -> bool:
    # of the instance or its class, and no property: those of the user's layers are not run
    value = inspect.getattr_static(layer, name, None)
    return value is not None and not isinstance(value, property)
