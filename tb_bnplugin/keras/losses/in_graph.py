"""A loss evaluated within the graph of a traced step, where its value depends on that place."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx
from tensorflow.python.framework.errors_impl import OperatorNotAllowedInGraphError

from tb_bnplugin.keras.losses.resolve import ResolvedLoss


def must_run_in_graph(resolved: ResolvedLoss, labels: Any, predictions: Any, weights: Any) -> bool:
    """True if the loss reads tensors of the graph around it, or a mask that predictions carry.

    Raises:
        Exception: whatever the loss raises when it is traced.
    """
    if any(getattr(part, "_keras_mask", None) is not None for part in tf.nest.flatten(predictions)):
        return True
    inputs = (labels, predictions, weights)

    def evaluate(*flat: Any) -> tf.Tensor:
        parts = iter(flat)
        given = [
            None if part is None else tf.nest.map_structure(lambda _: next(parts), part)
            for part in inputs
        ]
        return evaluate_in_graph(resolved, *given)

    specs = [
        tf.TensorSpec(tensor.shape, tensor.dtype)
        for part in inputs
        if part is not None
        for tensor in tf.nest.flatten(part)
    ]
    traced = tf.function(evaluate, autograph=False).get_concrete_function(*specs)
    return any(not hasattr(tensor, "numpy") for tensor in traced.captured_inputs)


def evaluate_in_graph(
    resolved: ResolvedLoss, labels: Any, predictions: Any, weights: Any
) -> tf.Tensor:
    """The tensor that the loss gives, as in the user's own traced step."""
    try:
        return tf.convert_to_tensor(resolved.evaluate(labels, predictions, weights))
    except OperatorNotAllowedInGraphError:
        # `if tensor:` in the loss, which autograph converts where the user's own step calls it
        convert = tf.__internal__.autograph.tf_convert
        enabled = ag_ctx.ControlStatusCtx(status=ag_ctx.Status.ENABLED)
        return tf.convert_to_tensor(
            convert(resolved.evaluate, enabled)(labels, predictions, weights)
        )


def replica_scale(scale: tf.Tensor, replicas: int) -> tf.Tensor:
    """By what a loss on the host differs from that in a replica; NaN where by neither 1 nor it."""
    if replicas == 1:
        return tf.constant(1.0, tf.float64)
    known = tf.reduce_any(
        tf.abs(tf.constant([1.0, 1.0 / replicas], tf.float64) - scale) < 1e-3 * tf.abs(scale)
    )
    return tf.where(known, scale, tf.constant(float("nan"), tf.float64))
