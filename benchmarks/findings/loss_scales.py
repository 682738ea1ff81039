"""Optimizers with a loss scale, as for float16, of either Keras."""

from __future__ import annotations

from typing import Any, Final

SCALE: Final = 1024.0


def with_loss_scale(keras: Any, inner: Any) -> Any:
    """The optimizer within one that has a loss scale of 1024 at first."""
    return keras.mixed_precision.LossScaleOptimizer(inner, initial_scale=SCALE)
