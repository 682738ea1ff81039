"""`trainable` as it was when `fit` made its function, where the program has changed it since.

Keras 3 goes on with a function that it has, whatever was set afterwards. The optimizer was built
for the weights that were trainable then. A preflight makes that function again, and looks at it
with `trainable` as the program has it now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tb_bnplugin.keras.flavour import flavour_of


class TrainableWhenTraced:
    """The layers and weights of a model that were not trained as they are set now."""

    def __init__(self, model: Any) -> None:
        self._flags: list[tuple[dict[str, Any], str, bool, bool]] = []  # then, and now
        optimizer = getattr(model, "optimizer", None)
        traced = vars(model).get("train_function") is not None
        if not flavour_of(model).is_keras_3 or not traced or optimizer is None:
            return  # tf_keras gives each layer the value of `compile` while it trains
        known = getattr(optimizer, "_trainable_variables", None)
        if not getattr(optimizer, "built", False) or not known:
            return
        trained = {id(variable) for variable in known}
        if trained == {id(variable) for variable in model.trainable_variables}:
            return
        layers = [layer for layer in model._flatten_layers() if layer.weights]
        for layer in layers:
            self._note(layer, any(id(weight) in trained for weight in layer.weights))
        for weight in _trained_by_gradients(layers):
            self._note(weight, id(weight) in trained)

    def set_then(self) -> None:
        """Set all as it was when the function was made."""
        for held, name, then, _ in self._flags:
            held[name] = then

    def set_now(self) -> None:
        """Set all as the program has it."""
        for held, name, _, now in self._flags:
            held[name] = now

    def _note(self, target: Any, then: bool) -> None:  # noqa: FBT001  # one of two
        held = vars(target)  # past the setters, which set what is within, too
        now = held.get("_trainable")
        if isinstance(now, bool) and now != then:
            self._flags.append((held, "_trainable", then, now))


def _trained_by_gradients(layers: Iterable[Any]) -> list[Any]:
    """The weights that layers made to be trained, whether they are or not."""
    made = (getattr(layer, "_trainable_variables", ()) for layer in layers)
    return list({id(each): each for some in made for each in some}.values())
