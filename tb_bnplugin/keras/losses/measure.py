"""Measuring how a loss is reduced, on given labels and predictions, rather than believing it.

Eagerly, or within a traced step. What is measured of the values stands in `columns`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.autograph.core import ag_ctx
from tensorflow.python.eager import record
from tensorflow.python.framework.errors_impl import OperatorNotAllowedInGraphError

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.losses.columns import Floats, column_index, columns_of_values
from tb_bnplugin.keras.losses.resolve import ResolvedLoss, check_loss, resolve
from tb_bnplugin.schema.columns import KERAS_LOSSES, LOSS_COLUMNS
from tb_bnplugin.schema.facts import LossFacts, Shape

__all__ = ["check_loss", "column_index", "measure", "measure_in_graph", "with_keras_class"]

_NAN: Final = float("nan")


def measure(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    value: Any = None,
    replicas: int | None = None,
    learning_rate: Any = _NAN,
    keras: Any = None,
    name: str = "loss",
    taken_from: str = "arguments",
    regularization: Any = _NAN,
) -> tuple[Floats, LossFacts]:
    """The measurements of one loss on one batch, eagerly.

    Args:
        loss: a Keras loss object, a name as `compile` takes it, or a callable
            `(y_true, y_pred) -> tensor`. Weights are handed to it when it takes them.
        y_true: labels, [rows, ...].
        y_pred: predictions, [rows, ...].
        sample_weight: weights as given to Keras, or None.
        value: what the loop really differentiated; a vector is summed, as a tape does.
        replicas: of the strategy that trains; by default of the one whose scope this is in.
        learning_rate: of the optimizer, NaN where none is known.
        keras: the module `keras` or `tf_keras` that a name, or a function's likeness, is
            looked up in; by default the flavour of `loss`, else the one that is imported.
        name: of the loss in the log.
        taken_from: where labels and predictions come from, kept in the facts.
        regularization: sum of the regularizers of the model's weights, NaN where no model is known.

    Returns:
        float64 [LOSS_COLUMNS], NaN where something cannot be measured; and the facts of the loss.

    Raises:
        TypeError: `loss` is no loss, or labels or predictions are no tensors.
        ValueError: predictions without a batch axis, or an unknown name of a loss.
    """
    resolved = resolve(loss, keras)
    labels, predictions = _array(y_true, "y_true"), _array(y_pred, "y_pred")
    weights = None if sample_weight is None else _array(sample_weight, "sample_weight")
    if predictions.ndim == 0 or len(predictions) == 0:
        raise ValueError(
            f"y_pred needs a batch axis with at least one row, received shape {predictions.shape}"
        )
    with suspend(), record.stop_recording():
        vector = columns_of_values(resolved, labels, predictions, weights)
    vector[column_index("value_given")] = _NAN if value is None else _summed(value)
    vector[column_index("replicas")] = _replicas(replicas)
    vector[column_index("learning_rate")] = float(learning_rate)
    vector[column_index("regularization")] = float(regularization)
    facts = _facts(name, resolved, labels, predictions, weights, taken_from)
    return vector, with_keras_class(facts, vector)


def with_keras_class(facts: LossFacts, vector: Floats) -> LossFacts:
    """The facts with the class that a function was recognised as in the measurement."""
    candidate = vector[column_index("candidate")]
    if facts.keras_class is not None or not np.isfinite(candidate):
        return facts
    return replace(facts, keras_class=KERAS_LOSSES[int(candidate)].partition("(")[0])


@tf.autograph.experimental.do_not_convert
def measure_in_graph(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    value: Any = None,
    replicas: int | None = None,
    learning_rate: Any = _NAN,
    keras: Any = None,
    name: str = "loss",
    taken_from: str = "arguments",
    regularization: Any = _NAN,
) -> tuple[tf.Tensor, LossFacts]:
    """The same inside a `tf.function`: a float64 tensor [LOSS_COLUMNS] and the facts.

    The loss on the given batch is evaluated in the graph. All else runs on the host with
    the values, so that a loss which cannot take a doubled batch gives NaN and does not end
    the training. `keras_class` of a plain function is known at run time only: `with_keras_class`
    takes it from the column "candidate".
    """
    resolved = resolve(loss, keras)
    replicas = _replicas(replicas)
    _check_tensor(y_true, "y_true")
    _check_tensor(y_pred, "y_pred")
    labels, predictions = tf.convert_to_tensor(y_true), tf.convert_to_tensor(y_pred)
    weights = None if sample_weight is None else tf.convert_to_tensor(sample_weight)

    def on_host(labels: Any, predictions: Any, *weights: Any) -> Floats:
        try:
            with suspend(), tf.init_scope():
                return columns_of_values(
                    resolved, labels, predictions, weights[0] if weights else None
                )
        except Exception:  # noqa: BLE001  # never end a training step
            return np.full(len(LOSS_COLUMNS), _NAN)

    with suspend(), record.stop_recording():
        tensor = _evaluate_in_graph(resolved, labels, predictions, weights)
        measured = tf.reduce_sum(tf.cast(tensor, tf.float64))
        inputs = [labels, predictions] if weights is None else [labels, predictions, weights]
        host = tf.numpy_function(on_host, inputs, tf.float64)
        host.set_shape([len(LOSS_COLUMNS)])
        columns = tf.unstack(host)
        # A loss that divides by the replicas does so only where a strategy is, not on the host.
        scale = measured / columns[column_index("measured")]
        for column in ("doubled", "permuted", "paired"):
            columns[column_index(column)] *= _replica_scale(scale, replicas)
        columns[column_index("measured")] = measured
        columns[column_index("elements")] = tf.cast(tf.size(tensor), tf.float64)
        given_value = _NAN if value is None else tf.reduce_sum(tf.cast(value, tf.float64))
        columns[column_index("value_given")] = tf.cast(given_value, tf.float64)
        columns[column_index("replicas")] = tf.constant(replicas, tf.float64)
        columns[column_index("learning_rate")] = tf.cast(learning_rate, tf.float64)
        columns[column_index("regularization")] = tf.cast(regularization, tf.float64)
        facts = _facts(name, resolved, labels, predictions, weights, taken_from)
        return tf.stack(columns), facts


def _evaluate_in_graph(
    resolved: ResolvedLoss, labels: tf.Tensor, predictions: tf.Tensor, weights: Any
) -> tf.Tensor:
    try:
        return tf.convert_to_tensor(resolved.evaluate(labels, predictions, weights))
    except OperatorNotAllowedInGraphError:
        # `if tensor:` in the loss, which autograph converts where the user's own step calls it
        convert = tf.__internal__.autograph.tf_convert
        enabled = ag_ctx.ControlStatusCtx(status=ag_ctx.Status.ENABLED)
        return tf.convert_to_tensor(
            convert(resolved.evaluate, enabled)(labels, predictions, weights)
        )


def _replicas(given: int | None) -> int:
    return int(tf.distribute.get_strategy().num_replicas_in_sync) if given is None else given


def _replica_scale(scale: tf.Tensor, replicas: int) -> tf.Tensor:
    if replicas == 1:
        return tf.constant(1.0, tf.float64)
    known = tf.reduce_any(
        tf.abs(tf.constant([1.0, 1.0 / replicas], tf.float64) - scale) < 1e-3 * tf.abs(scale)
    )
    return tf.where(known, scale, tf.constant(_NAN, tf.float64))


def _facts(
    name: str, resolved: ResolvedLoss, y_true: Any, y_pred: Any, weights: Any, taken_from: str
) -> LossFacts:
    return LossFacts(
        name=name,
        loss_class=resolved.loss_class,
        keras_class=resolved.keras_class,
        reduction=resolved.reduction,
        label_shape=_shape(y_true),
        prediction_shape=_shape(y_pred),
        label_dtype=_dtype(y_true),
        prediction_dtype=_dtype(y_pred),
        weighted=weights is not None,
        taken_from=taken_from,
    )


def _array(value: Any, name: str) -> npt.NDArray[Any]:
    _check_tensor(value, name)
    if isinstance(value, tf.Tensor) and not hasattr(value, "numpy"):
        raise TypeError(
            f"{name} is a symbolic tensor of a traced function; only its values can be measured"
        )
    if isinstance(value, (float, int, list, tuple)):
        value = tf.convert_to_tensor(value)  # floats as TensorFlow has them: float32
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise TypeError(f"{name} must hold numbers, received values of type {array.dtype}")
    return array


def _check_tensor(value: Any, name: str) -> None:
    nested = isinstance(value, (dict, set))
    if value is None or nested or isinstance(value, (tf.RaggedTensor, tf.SparseTensor, str)):
        raise TypeError(
            f"{name} must be one dense tensor or array, received {type(value).__name__};"
            " measure each output of a model by its own name"
        )


def _summed(value: Any) -> float:
    return float(np.sum(np.asarray(value, np.float64)))


def _shape(value: Any) -> Shape | None:
    shape = value.shape
    if isinstance(shape, tf.TensorShape):
        return None if shape.rank is None else tuple(shape.as_list())
    return tuple(int(size) for size in shape)


def _dtype(value: Any) -> str:
    return str(getattr(value.dtype, "name", value.dtype))
