"""Measuring how a loss is reduced, on given labels and predictions, rather than believing it.

Eagerly, or within a traced step. What is measured of the values stands in `columns`, and in `whole`
for a loss that takes several outputs at once; `outputs` takes a loss of several outputs apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.losses.columns import (
    Floats,
    column_index,
    columns_of_values,
    sum_and_size,
)
from tb_bnplugin.keras.losses.in_graph import evaluate_in_graph, must_run_in_graph, replica_scale
from tb_bnplugin.keras.losses.logits import carries_logits
from tb_bnplugin.keras.losses.options import NAN, LossOptions
from tb_bnplugin.keras.losses.pairing import pairing_line
from tb_bnplugin.keras.losses.resolve import ResolvedLoss, check_loss, resolve
from tb_bnplugin.keras.losses.structure import as_array, is_structure, map_leaves, why_unmeasured
from tb_bnplugin.keras.losses.whole import columns_of_structure
from tb_bnplugin.printed import error_line
from tb_bnplugin.schema.columns import KERAS_LOSSES, LOSS_COLUMNS
from tb_bnplugin.schema.facts import LossFacts, Shape
from tb_bnplugin.schema.places import Line

__all__ = [
    "LossOptions",
    "check_loss",
    "column_index",
    "measure",
    "measure_in_graph",
    "with_keras_class",
]

_AS_USUAL = LossOptions()


def measure(
    loss: Any, y_true: Any, y_pred: Any, options: LossOptions = _AS_USUAL
) -> tuple[Floats, LossFacts]:
    """The measurements of one loss on one batch, eagerly.

    Args:
        loss: a Keras loss object, a name as `compile` takes it, or a callable
            `(y_true, y_pred) -> tensor`. Weights are handed to it when it takes them.
        y_true: labels, [rows, ...]; or a structure of them, for a loss that takes all at once.
        y_pred: predictions, the same.
        options: of the measurement.

    Returns:
        float64 [LOSS_COLUMNS], NaN where something cannot be measured; and the facts of the loss.

    Raises:
        TypeError: `loss` is no loss, or labels or predictions are no tensors.
        ValueError: predictions without a batch axis, or an unknown name of a loss.
        Exception: whatever the loss raises on this batch.
    """
    resolved = resolve(loss, options.keras)
    labels, predictions = _arrays(y_true, "y_true"), _arrays(y_pred, "y_pred")
    given = options.sample_weight
    weights = None if given is None else _arrays(given, "sample_weight")
    with suspend(), record.stop_recording():
        vector = _columns(resolved, labels, predictions, weights, must_succeed=True)
    vector[column_index("value_given")] = NAN if options.value is None else _summed(options.value)
    vector[column_index("replicas")] = _replicas(options)
    vector[column_index("learning_rate")] = float(options.learning_rate)
    vector[column_index("regularization")] = float(options.regularization)
    facts = _facts(options, resolved, labels, predictions)
    facts = replace(facts, carries_logits=carries_logits(y_pred))
    if np.isfinite(vector[column_index("pairs_ratio")]) and resolved.per_element is None:
        paired_at = _pairing_line(resolved, labels, predictions, weights)
        facts = replace(facts, paired_at=paired_at)
    return vector, with_keras_class(facts, vector)


def with_keras_class(facts: LossFacts, vector: Floats) -> LossFacts:
    """The facts with the class that a function was recognised as in the measurement."""
    candidate = vector[column_index("candidate")]
    if facts.keras_class is not None or not np.isfinite(candidate):
        return facts
    return replace(facts, keras_class=KERAS_LOSSES[int(candidate)].partition("(")[0])


@tf.autograph.experimental.do_not_convert
def measure_in_graph(
    loss: Any, y_true: Any, y_pred: Any, options: LossOptions = _AS_USUAL
) -> tuple[tf.Tensor, LossFacts]:
    """The same inside a `tf.function`: a float64 tensor [LOSS_COLUMNS] and the facts.

    All is measured on the host with the values, when the function runs, so that a loss which fails
    on some batch gives NaN and does not end the training: `options.tell` is told why. Only a loss
    that depends on where it is called is evaluated in the graph, on the given batch. `keras_class`
    of a plain function is known at run time only: `with_keras_class` takes it from the column
    "candidate".
    """
    resolved = resolve(loss, options.keras)
    replicas = _replicas(options)
    given = (_tensors(y_true, "y_true"), _tensors(y_pred, "y_pred"))
    labels, predictions = given
    weighted = options.sample_weight is not None
    weights = _tensors(options.sample_weight, "sample_weight") if weighted else None
    known = {
        "value_given": NAN if options.value is None else _summed_in_graph(options.value),
        "learning_rate": options.learning_rate,
        "regularization": options.regularization,
        "replicas": replicas,
    }
    constants = {name: tf.cast(number, tf.float64) for name, number in known.items()}
    inputs = (labels, predictions, *((weights,) if weighted else ()))
    with suspend(), record.stop_recording():
        in_graph = replicas > 1 or must_run_in_graph(resolved, labels, predictions, weights)

    def on_host(*arrays: Any) -> Floats:
        try:
            with suspend(), tf.init_scope():
                given = (*tf.nest.pack_sequence_as(inputs, arrays), None)[:3]
                return _columns(resolved, *given, must_succeed=not in_graph)
        except Exception as error:  # noqa: BLE001  # never end a training step
            options.tell(options.name, error_line(error))
            return np.full(len(LOSS_COLUMNS), NAN)

    with suspend(), record.stop_recording():
        host = tf.numpy_function(on_host, tf.nest.flatten(inputs), tf.float64)
        host.set_shape([len(LOSS_COLUMNS)])
        columns = tf.unstack(host)
        if in_graph:
            tensor = evaluate_in_graph(resolved, labels, predictions, weights)
            measured = tf.reduce_sum(tf.cast(tensor, tf.float64))
            # A loss that divides by the replicas does so only where a strategy is, not on the host.
            scale = replica_scale(measured / columns[column_index("measured")], replicas)
            for column in ("doubled", "permuted", "paired"):
                columns[column_index(column)] *= scale
            columns[column_index("measured")] = measured
            columns[column_index("elements")] = tf.cast(tf.size(tensor), tf.float64)
        for name, constant in constants.items():
            columns[column_index(name)] = constant
        facts = _facts(options, resolved, labels, predictions)
        return tf.stack(columns), replace(facts, carries_logits=carries_logits(predictions))


def _pairing_line(
    resolved: ResolvedLoss, labels: Any, predictions: Any, weights: Any
) -> Line | None:
    try:
        with suspend(), record.stop_recording():
            return pairing_line(
                lambda: sum_and_size(resolved, labels, predictions, weights), len(predictions)
            )
    except Exception:  # noqa: BLE001  # a line is not worth the measurement
        return None


def _columns(
    resolved: ResolvedLoss, labels: Any, predictions: Any, weights: Any, *, must_succeed: bool
) -> Floats:
    for array in tf.nest.flatten(predictions):
        if array.ndim == 0 or len(array) == 0:
            raise ValueError(
                f"y_pred needs a batch axis with at least one row, received shape {array.shape}"
            )
    one = not (is_structure(labels) or is_structure(predictions))
    of = columns_of_values if one else columns_of_structure
    return of(resolved, labels, predictions, weights, must_succeed=must_succeed)


def _replicas(options: LossOptions) -> int:
    if options.replicas is not None:
        return options.replicas
    return int(tf.distribute.get_strategy().num_replicas_in_sync)


def _facts(options: LossOptions, resolved: ResolvedLoss, y_true: Any, y_pred: Any) -> LossFacts:
    return LossFacts(
        name=options.name,
        loss_class=resolved.loss_class,
        keras_class=resolved.keras_class,
        reduction=resolved.reduction,
        label_shape=_shape(y_true),
        prediction_shape=_shape(y_pred),
        label_dtype=_dtype(y_true),
        prediction_dtype=_dtype(y_pred),
        weighted=options.sample_weight is not None,
        taken_from=options.taken_from,
    )


def _arrays(structure: Any, what: str) -> Any:
    return map_leaves(lambda value: as_array(value, what), structure)


def _tensors(structure: Any, what: str) -> Any:
    def convert(value: Any) -> tf.Tensor:
        why = why_unmeasured(value, what)
        if why is not None:
            raise TypeError(why)
        return tf.convert_to_tensor(value)

    return map_leaves(convert, structure)


def _summed(value: Any) -> float:
    return float(np.sum(np.asarray(value, np.float64)))


def _summed_in_graph(value: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(value)
    if tensor.dtype == tf.string:
        raise TypeError(f"value must be a number or a tensor of numbers, received {value!r}")
    return tf.reduce_sum(tf.cast(tensor, tf.float64))


def _shape(value: Any) -> Shape | None:
    if is_structure(value):
        return None
    shape = value.shape
    if isinstance(shape, tf.TensorShape):
        return None if shape.rank is None else tuple(shape.as_list())
    return tuple(int(size) for size in shape)


def _dtype(value: Any) -> str | None:
    return None if is_structure(value) else str(getattr(value.dtype, "name", value.dtype))
