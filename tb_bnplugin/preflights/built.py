"""The models whose variables are all there, so that they can be put back."""

from __future__ import annotations

from typing import Any

from tb_bnplugin.keras.flavour import flavour_of, is_keras_own
from tb_bnplugin.keras.model.layers import all_layers


def is_built(model: Any) -> bool:
    """True where no step makes a variable of the model.

    A model without a `call`, whose `train_step` calls the networks that it holds, is never built
    itself: it is where these are.
    """
    if model.built or is_callable(model):
        return bool(model.built)
    if is_keras_own(type(model), "build") is False:
        return False
    return all(layer.built for _, layer in all_layers(model)) and bool(model.weights)


def is_callable(model: Any) -> bool:
    """True of a model that says what it does with a batch, and False of one that only trains."""
    return type(model).call is not flavour_of(model).keras.Model.call
