"""The layer of a model by whose bias gradients are compared."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.keras.flavour import flavour_of

_WITH_BIAS: Final = ("Dense", "Conv1D", "Conv2D", "Conv3D")
_PRECISE: Final = ("float32", "float64")

_DEEPEST: Final = 8  # models within models


@dataclass(frozen=True, kw_only=True)
class MeasuredLayer:
    """A layer that adds a bias, which stands in its attributes."""

    reference: weakref.ref[Any]
    name: str  # of the bias

    @property
    def layer(self) -> Any:
        """The layer itself; None when it is gone."""
        return self.reference()

    def bias(self) -> Any:
        """The variable; None before the layer is built."""
        return getattr(self.layer, self.name, None)


def find_measured_layer(model: Any, *, norms: bool) -> MeasuredLayer | None:
    """The last layer of a model that adds a bias to what it makes; None: there is none.

    A layer of Keras' own, without a penalty on the bias, that computes in full precision. What
    stands before a batch normalization has a bias of no effect.

    Args:
        model: that trains.
        norms: a batch normalization may be the layer.
    """
    layers = flavour_of(model).keras.layers
    with_bias = [getattr(layers, name) for name in _WITH_BIAS]
    # not in a part that may be called several times: the sum of its gradients would be rounded anew
    for layer in list(model._flatten_layers(include_self=False, recursive=False))[::-1]:
        is_norm = type(layer) is layers.BatchNormalization
        if is_norm and not norms:
            return None
        name = "beta" if is_norm else "bias"
        if not (is_norm or type(layer) in with_bias) or not getattr(layer, "trainable", False):
            continue
        used = layer.center if is_norm else layer.use_bias
        penalty = getattr(layer, f"{name}_regularizer", None)
        if used and penalty is None and str(getattr(layer, "compute_dtype", "")) in _PRECISE:
            return MeasuredLayer(reference=weakref.ref(layer), name=name)
    return None


def makes_predictions(model: Any, layer: Any) -> bool:
    """True where the one output of a model is what the layer makes by adding its bias last."""
    keras = flavour_of(model).keras
    is_linear = getattr(layer, "activation", None) is keras.activations.linear
    last = getattr(layer, "data_format", None) in (None, "channels_last")
    if type(layer) is keras.layers.BatchNormalization or not is_linear or not last:
        return False
    made_by = model
    for _ in range(_DEEPEST):
        outputs = getattr(made_by, "outputs", None)
        if made_by is layer or not isinstance(outputs, (list, tuple)) or len(outputs) != 1:
            break
        history = getattr(outputs[0], "_keras_history", None)
        made_by = getattr(history, "operation", getattr(history, "layer", None))
    return made_by is layer
