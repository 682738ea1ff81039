"""`trainable` as the program set it, also while Keras has put another value in its place.

While tf_keras' `fit` runs, every layer has the value that it had at `compile`. What the program
has set since then is kept by a context manager of that `fit`, which nothing else refers to.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any, Final

from tb_bnplugin.keras.flavour import flavour_of

_KEEPER: Final = "RespectCompiledTrainableState"


def replaced_by_fit(model: Any) -> dict[int, bool]:
    """The `trainable` that the program set, by id of the layer, where `fit` has replaced it.

    Call it from a hook of `fit`. Empty for Keras 3, which replaces nothing. It looks through all
    objects that Python tracks (some 0.1 s), so it is for the beginning of a `fit` alone.
    """
    if flavour_of(model).is_keras_3 or not hasattr(model, "_compiled_trainable_state"):
        return {}
    replaced: dict[int, bool] = {}
    for keeper in gc.get_objects():
        if type(keeper).__name__ == _KEEPER and getattr(keeper, "_model", None) is model:
            current = getattr(keeper, "_current_trainable_state", None) or {}
            compiled = getattr(keeper, "_compiled_trainable_state", None) or {}
            in_fit = {id(layer): bool(value) for layer, value in compiled.items()}
            replaced |= {
                id(layer): bool(value)
                for layer, value in current.items()
                if in_fit.get(id(layer), bool(value)) != bool(value)
            }
    return replaced


def set_by_program(layer: Any, replaced: Mapping[int, bool]) -> bool:
    """`layer.trainable` as the program last set it."""
    now = bool(layer.trainable)
    return replaced.get(id(layer), now)
