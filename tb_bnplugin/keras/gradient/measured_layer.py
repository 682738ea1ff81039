"""The layer of a model on whose bias gradients are compared."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.keras.flavour import flavour_of

_WITH_BIAS: Final = ("Dense", "Conv1D", "Conv2D", "Conv3D")
_PRECISE: Final = ("float32", "float64")


@dataclass(frozen=True, kw_only=True)
class MeasuredLayer:
    """A layer that adds a bias to its output, last of all that it does."""

    reference: weakref.ref[Any]
    name: str  # of the bias
    axis: int  # of the channels

    @property
    def layer(self) -> Any:
        """The layer itself; None when it is gone."""
        return self.reference()

    def bias(self) -> Any:
        """The variable; None before the layer is built."""
        return getattr(self.layer, self.name, None)


def find_measured_layer(model: Any) -> MeasuredLayer | None:
    """The last layer of a model whose bias has the sum of what comes back as its gradient.

    A layer of Keras' own, without an activation and without a penalty on the bias, that computes
    in full precision: the model's last one, after which nothing is fused with the adding of its
    bias, or a normalization. None: there is none.
    """
    layers = flavour_of(model).keras.layers
    backwards = list(model._flatten_layers(include_self=False))[::-1]
    for layer in backwards:
        if not getattr(layer, "trainable", False):
            continue
        if str(getattr(layer, "compute_dtype", "")) not in _PRECISE:
            continue
        found = _of_norm(layer) if type(layer) is layers.BatchNormalization else None
        with_bias = type(layer) in [getattr(layers, name) for name in _WITH_BIAS]
        if with_bias and layer is backwards[0]:
            found = _of_layer_with_bias(layer)
        if found is not None:
            return MeasuredLayer(reference=weakref.ref(layer), name=found[0], axis=found[1])
    return None


def _of_norm(layer: Any) -> tuple[str, int] | None:
    axis = layer.axis if isinstance(layer.axis, int) else None
    if isinstance(layer.axis, (list, tuple)) and len(layer.axis) == 1:
        axis = int(layer.axis[0])
    if not layer.center or layer.beta_regularizer is not None or axis is None:
        return None
    return "beta", axis


def _of_layer_with_bias(layer: Any) -> tuple[str, int] | None:
    linear = getattr(layer.activation, "__name__", "linear") == "linear"
    if not layer.use_bias or not linear or layer.bias_regularizer is not None:
        return None
    return "bias", 1 if getattr(layer, "data_format", None) == "channels_first" else -1
