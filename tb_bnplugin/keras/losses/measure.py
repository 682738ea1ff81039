"""Measuring how a loss is reduced, on given labels and predictions, rather than believing it.

The loss is evaluated as it is, on the batch doubled and with labels and predictions paired
otherwise. What a tape differentiates is the sum of the tensor it gets; so is what is compared.
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
from tb_bnplugin.keras.losses import candidates as loss_candidates
from tb_bnplugin.keras.losses.candidates import Data
from tb_bnplugin.keras.losses.pairs import measure_pairs
from tb_bnplugin.keras.losses.resolve import ResolvedLoss, check_loss, resolve, weighted_mean
from tb_bnplugin.schema.columns import KERAS_LOSSES, LOSS_COLUMNS
from tb_bnplugin.schema.facts import LossFacts, Shape

Floats = npt.NDArray[np.float64]
__all__ = ["check_loss", "column_index", "measure", "measure_in_graph", "with_keras_class"]

_NAN: Final = float("nan")
_INDEX: Final = {name: index for index, name in enumerate(LOSS_COLUMNS)}


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
        vector = _values(resolved, labels, predictions, weights)
    vector[_INDEX["value_given"]] = _NAN if value is None else _summed(value)
    vector[_INDEX["replicas"]] = _replicas(replicas)
    vector[_INDEX["learning_rate"]] = float(learning_rate)
    vector[_INDEX["regularization"]] = float(regularization)
    facts = _facts(name, resolved, labels, predictions, weights, taken_from)
    return vector, with_keras_class(facts, vector)


def column_index(name: str) -> int:
    """Where a column of LOSS_COLUMNS is in a measurement."""
    return _INDEX[name]


def with_keras_class(facts: LossFacts, vector: Floats) -> LossFacts:
    """The facts with the class that a function was recognised as in the measurement."""
    candidate = vector[_INDEX["candidate"]]
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
                return _values(resolved, labels, predictions, weights[0] if weights else None)
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
        scale = measured / columns[_INDEX["measured"]]
        for column in ("doubled", "permuted", "paired"):
            columns[_INDEX[column]] *= _replica_scale(scale, replicas)
        columns[_INDEX["measured"]] = measured
        columns[_INDEX["elements"]] = tf.cast(tf.size(tensor), tf.float64)
        given_value = _NAN if value is None else tf.reduce_sum(tf.cast(value, tf.float64))
        columns[_INDEX["value_given"]] = tf.cast(given_value, tf.float64)
        columns[_INDEX["replicas"]] = tf.constant(replicas, tf.float64)
        columns[_INDEX["learning_rate"]] = tf.cast(learning_rate, tf.float64)
        columns[_INDEX["regularization"]] = tf.cast(regularization, tf.float64)
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


def _values(
    resolved: ResolvedLoss, labels: npt.NDArray[Any], predictions: npt.NDArray[Any], weights: Any
) -> Floats:
    """All columns that follow from the values alone."""
    vector = np.full(len(LOSS_COLUMNS), _NAN)

    def put(**columns: float) -> None:
        for name, number in columns.items():
            vector[_INDEX[name]] = number

    def total(item: Data, item_weights: Any = weights) -> tuple[float, float]:
        try:
            tensor = resolved.evaluate(
                tf.constant(item.labels),
                tf.constant(item.predictions),
                None if item_weights is None else tf.constant(item_weights),
            )
            array = np.asarray(tensor, np.float64)
            return float(array.sum()), float(array.size)
        except Exception:  # noqa: BLE001  # a user's loss may refuse what it was not made for
            return _NAN, _NAN

    data = loss_candidates.comparison_data(labels, predictions)
    measured, elements = total(data[0])
    twice = Data(labels=np.repeat(labels, 2, axis=0), predictions=np.repeat(predictions, 2, axis=0))
    rolled = Data(labels=np.roll(labels, 1, axis=0), predictions=predictions)
    put(
        measured=measured,
        elements=elements,
        doubled=total(twice, _doubled(weights))[0],
        permuted=total(rolled)[0],
        batch=len(predictions),
        label_rank=labels.ndim,
        prediction_rank=predictions.ndim,
        label_elements=labels.size,
        prediction_elements=predictions.size,
        broadcast_elements=_broadcast_elements(labels.shape, predictions.shape),
        labels_alike=float(labels.ndim == 0 or bool((labels == labels[:1]).all())),
        labels_are_classes=float(_are_classes(labels, predictions)),
    )
    if weights is None:
        put(**measure_pairs(labels, predictions, lambda item: total(item)[0]))
    if weights is not None:
        put(weight_sum=float(np.sum(weights, dtype=np.float64)))
    if resolved.per_element is not None:
        put(**_keras_columns(resolved, labels, predictions, weights))
    else:
        found = loss_candidates.recognise(
            resolved.flavour.keras.losses, data, lambda item: total(item)[0]
        )
        if found is not None:
            put(keras_mean=found.keras_mean, outputs=found.outputs, candidate=found.index)
    return vector


def _are_classes(labels: npt.NDArray[Any], predictions: npt.NDArray[Any]) -> bool:
    """Whether each row has one label that can be the number of a class among its predictions."""
    if predictions.ndim < 2 or labels.size * predictions.shape[-1] != predictions.size:
        return False
    whole = labels.size > 0 and bool((labels == np.floor(labels)).all())
    classes = predictions.shape[-1]
    return whole and classes >= 2 and labels.min() >= 0 and bool(labels.max() < classes)


def _keras_columns(
    resolved: ResolvedLoss, labels: Any, predictions: Any, weights: Any
) -> dict[str, float]:
    """Keras' mean of a Keras loss: the mean of its values, whatever its own reduction."""
    if resolved.keras_class is None or resolved.per_element is None:
        return {}
    reduces = loss_candidates.reduces_classes(resolved.keras_class)
    columns = {
        "candidate": loss_candidates.index_of(
            resolved.keras_class, from_logits=resolved.from_logits
        )
    }
    if reduces is not None:
        columns["outputs"] = loss_candidates.averaged_outputs(
            predictions.shape, reduces_classes=reduces
        )
    try:
        prediction_tensor = tf.constant(predictions)
        label_tensor = tf.constant(labels)
        if prediction_tensor.dtype.is_floating and label_tensor.dtype != prediction_tensor.dtype:
            label_tensor = tf.cast(label_tensor, prediction_tensor.dtype)
        values = resolved.per_element(label_tensor, prediction_tensor)
        columns["keras_mean"] = float(weighted_mean(tf.convert_to_tensor(values), weights))
    except Exception:  # noqa: BLE001  # then it is not known
        columns["keras_mean"] = _NAN
    return columns


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


def _doubled(weights: Any) -> Any:
    if weights is None or np.ndim(weights) == 0:
        return weights
    return np.repeat(weights, 2, axis=0)


def _broadcast_elements(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    try:
        return float(np.prod(np.broadcast_shapes(one, other), dtype=np.float64))
    except ValueError:
        return _NAN


def _shape(value: Any) -> Shape | None:
    shape = value.shape
    if isinstance(shape, tf.TensorShape):
        return None if shape.rank is None else tuple(shape.as_list())
    return tuple(int(size) for size in shape)


def _dtype(value: Any) -> str:
    return str(getattr(value.dtype, "name", value.dtype))
