"""The weights of a model by name: the path of their layer, and what it calls them."""

from __future__ import annotations

from typing import Any

from tb_bnplugin.keras.model.layers import all_layers


def variable_names(model: Any) -> dict[int, str]:
    """By id of each weight, and of the TensorFlow variable behind it: "base/conv/kernel"."""
    names: dict[int, str] = {}
    for path, holder in (("", model), *all_layers(model)):
        for weight in holder.weights:
            short = str(weight.name).rpartition("/")[2].partition(":")[0]
            # a nested layer comes after the layer that holds it
            names[id(weight)] = f"{path}/{short}" if path else short
            behind = getattr(weight, "value", None)
            if behind is not None and not callable(behind):
                names[id(behind)] = names[id(weight)]
    return names


def counterparts(model: Any, other: Any) -> dict[str, str]:
    """By the names of one model's layers and weights, those of a model that is built like it."""
    layers = zip(all_layers(model), all_layers(other), strict=False)
    found = {path: twin for (path, _), (twin, _) in layers}
    if len(all_layers(model)) != len(all_layers(other)):
        found = {}
    names, twins = variable_names(model), variable_names(other)
    for weight, twin in zip(model.weights, other.weights, strict=True):
        found[names.get(id(weight), "")] = twins.get(id(twin), "")
    return found
