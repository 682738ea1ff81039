"""The number by which an optimizer multiplies the loss, and divides gradients again."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.gradient.methods import WrappedMethod


class LossScale:
    """The loss scale of one optimizer, and whether the gradients of a step are divided by it.

    An optimizer of Keras 3 divides whatever it is given. One of tf_keras divides in `minimize`,
    and else where the program asks it to: that is watched.
    """

    def __init__(self, optimizer: Any, flavour: Flavour) -> None:
        self._optimizer = optimizer
        self._by_itself = flavour.is_keras_3
        self._asked = False
        self._wrapped: WrappedMethod | None = None

    def begin(self) -> None:
        """Watch for a division by the program, where the optimizer does not divide by itself."""
        if self._wrapped is None and not self._by_itself and self._scale() is not None:
            name = "get_unscaled_gradients"
            self._wrapped = WrappedMethod(self._optimizer, name, self._around, weak=True)

    def end(self) -> None:
        """Give the optimizer its own method back."""
        if self._wrapped is not None:
            self._wrapped.restore()
        self._wrapped = None

    def value(self) -> tf.Tensor:
        """The scale of this moment, a float64 scalar; 1 where there is none."""
        scale = self._scale()
        return tf.cast(1.0 if scale is None else tf.convert_to_tensor(scale), tf.float64)

    @property
    def is_taken_off(self) -> bool:
        """True where what the optimizer applies is divided by the scale."""
        return self._by_itself or self._asked

    def _scale(self) -> Any:
        if not self._by_itself:
            asks = callable(getattr(self._optimizer, "get_unscaled_gradients", None))
            return getattr(self._optimizer, "loss_scale", None) if asks else None
        built = bool(getattr(self._optimizer, "built", False))  # else the scale is still to come
        scale = getattr(self._optimizer, "dynamic_scale" if built else "initial_scale", None)
        return getattr(self._optimizer, "loss_scale_factor", None) if scale is None else scale

    def _around(self, run: Any, optimizer: Any, args: Any, kwargs: Any) -> Any:
        self._asked = True
        return run(optimizer, *args, **kwargs)
