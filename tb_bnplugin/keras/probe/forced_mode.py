"""Forcing the mode of batch normalization alone, inside each layer's own call.

Passing `training=True` to the model turns dropout on as well, and is not respected everywhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import MethodType
from typing import Any

from tb_bnplugin.keras.model.layers import batch_norm_layers

Entering = Callable[[Any, tuple[Any, ...], dict[str, Any]], None]
"""Is told of each call: the layer, and the arguments that it is given."""


@contextmanager
def force_batch_statistics(model: Any, entering: Entering | None = None) -> Iterator[None]:
    """Within, every batch normalization layer normalizes with the statistics of the batch.

    Frozen layers too. They write their moving statistics as in training: see `state.preserved`.
    """
    with force_modes(model, lambda _: True, entering):
        yield


@contextmanager
def force_moving_statistics(model: Any, entering: Entering | None = None) -> Iterator[None]:
    """Within, every batch normalization layer normalizes with its moving statistics."""
    with force_modes(model, lambda _: False, entering):
        yield


@contextmanager
def force_modes(
    model: Any, by_batch: Callable[[Any], bool], entering: Entering | None = None
) -> Iterator[None]:
    """Within, each layer normalizes with the statistics of the batch, or with its moving ones."""
    with ExitStack() as stack:
        for _, layer in batch_norm_layers(model):
            stack.enter_context(_forced_layer(layer, entering, training=by_batch(layer)))
        yield


@contextmanager
def _forced_layer(layer: Any, entering: Entering | None, *, training: bool) -> Iterator[None]:
    """Within, one layer runs in a mode."""
    signature = inspect.signature(type(layer).call)
    if "training" not in signature.parameters:
        yield  # a foreign layer that knows no mode
        return
    attributes = vars(layer)  # past Keras' attribute tracking
    inner: Callable[..., Any] = layer.call

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if entering is not None:
            entering(self, args, kwargs)
        bound = signature.bind_partial(self, *args, **kwargs)
        bound.arguments["training"] = training
        trainable = attributes.get("_trainable")
        if training and trainable is not None:
            attributes["_trainable"] = True
        try:
            return inner(*bound.args[1:], **bound.kwargs)
        finally:
            if trainable is not None:
                attributes["_trainable"] = trainable

    with replaced_call(layer, call):
        yield


@contextmanager
def replaced_call(layer: Any, call: Callable[..., Any]) -> Iterator[None]:
    """Within, `call` is the layer's own, on top of the class's or of a wrapper that is there.

    Args:
        layer: the layer.
        call: takes the layer and the arguments of its call.
    """
    attributes = vars(layer)  # past Keras' attribute tracking
    had_own, inner = "call" in attributes, layer.call
    forced = MethodType(call, layer)
    attributes["call"] = forced
    try:
        yield
    finally:
        if attributes.get("call") is forced:
            if had_own:
                attributes["call"] = inner
            else:
                del attributes["call"]
