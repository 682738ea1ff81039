"""Summary ops for training loops of one's own. They write to the default `tf.summary` writer.

They behave as `tf.summary.scalar` does: eager or inside `tf.function`, with `record_if`, with
`step=None` taking the default step, and they return a bool: whether a record was written. Each has
a twin, `batch_norm_pb` and so on, that returns the bytes of the summary and writes nothing.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.resolve import check_losses
from tb_bnplugin.keras.probe import run as probing
from tb_bnplugin.measure.recalibration import Recalibration
from tb_bnplugin.measure.recalibration_record import encode_result
from tb_bnplugin.schema.records import Kind
from tb_bnplugin.training import as_bytes, belonging, ops
from tb_bnplugin.training.recorder import recorder_of, watch_model
from tb_bnplugin.training.summary_state import (
    compiled_by_xla,
    current_writer,
    refuse_xla,
    resolve_step,
)

__all__ = [
    "batch_norm",
    "batch_norm_pb",
    "loss_reduction",
    "loss_reduction_pb",
    "probe",
    "probe_pb",
    "recalibration",
    "twin",
]


@tf.autograph.experimental.do_not_convert
def batch_norm(model: Any, step: Any = None) -> Any:
    """Record moving statistics and effective mode of every batch normalization layer.

    Args:
        model: the Keras model. Watch it before the training step is traced
            (`tb_bnplugin.watch(model)`); otherwise this op begins to watch it, and what was
            traced before is not counted.
        step: the train step, an int or an int64 scalar tensor; the default step if None.

    Returns:
        A scalar bool: whether a record was written. A tensor inside `tf.function`.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: there is a writer and no step.
        RuntimeError: called inside a function with `jit_compile=True`.
    """
    refuse_xla("batch_norm")
    recorder = ops.watched(model)
    writer = current_writer()
    if writer is None:
        return ops.nothing_written()
    step = resolve_step(step, "batch_norm")
    return ops.record_model(recorder, writer, step)


@tf.autograph.experimental.do_not_convert
def loss_reduction(
    loss: Any,
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    value: Any = None,
    name: str = "loss",
    step: Any = None,
) -> Any:
    """Record how a loss is reduced, measured on the labels and predictions given.

    The loss is evaluated on the batch, on the batch doubled, with the labels rolled by one row,
    and beside Keras' mean of the same loss. Nothing is differentiated and no state is changed.
    What cannot be measured (a ragged output, an empty batch, a loss that raises on these values)
    is left out, with one warning.

    Args:
        loss: a Keras loss object, the name of one ("mse"), or a callable
            `(y_true, y_pred) -> tensor`; for several outputs also a dict or list of these, None
            where an output has no loss.
        y_true: labels, [batch, ...]; for several outputs a dict, list or tuple of them.
        y_pred: predictions, the same. Each output is recorded under a name of its own, "loss/out1";
            a callable that takes all outputs at once is recorded as one loss.
        sample_weight: weights as the loop passes them to the loss, or None.
        value: the scalar that the loop really differentiated, when it computed its own; for several
            outputs a dict or list with that of each.
        name: name of the loss in the log.
        step: the train step; the default step if None. In a `train_step`, while `fit` trains with
            `BatchNormCallback` and there is no default writer, the step of `fit` and its log are
            taken; that needs `compile(..., jit_compile=False)`.

    Returns:
        A scalar bool: whether a record was written.

    Raises:
        TypeError: `loss` is neither a loss, a name nor a callable, nor a structure of them.
        ValueError: there is a writer and no step, or Keras knows no loss of this name.
        RuntimeError: called inside a function with `jit_compile=True`.
    """
    fitted = belonging.fitted_recorder() if current_writer() is None else None
    if fitted is not None:  # in a `train_step`, while `fit` trains with the callback
        if compiled_by_xla():
            fitted.guard.note("losses", name, "XLA compiles the step: compile(jit_compile=False)")
            return ops.nothing_written()
        options = LossOptions(sample_weight=sample_weight, value=value, name=name)
        return ops.record_loss_of_fit(fitted, loss, y_true, y_pred, options)
    refuse_xla("loss_reduction")
    check_losses(loss)
    writer = current_writer()
    if writer is None:
        return ops.nothing_written()
    step = resolve_step(step, "loss_reduction")
    options = LossOptions(sample_weight=sample_weight, value=value, name=name)
    return ops.record_loss(writer, step, loss, y_true, y_pred, options)


@tf.autograph.experimental.do_not_convert
def probe(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Any = None,
    sample_weight: Any = None,
    step: Any = None,
) -> Any:
    """Record loss, accuracy and spread of the outputs with moving and with batch statistics.

    The batch runs through the model twice, in inference mode and with batch statistics forced
    in each batch normalization layer alone (dropout stays off). All state is left as it was. Where
    they differ in what the model does, up to log2(layers) + 8 passes more tell by which layers.

    Args:
        model: the Keras model, built.
        x: inputs of one batch, as the model takes them.
        y: labels, or None: then only the spread of the outputs is recorded.
        loss: as for `loss_reduction`, the mean where it returns several values; the compiled loss
            if None.
        sample_weight: weights for the loss, or None.
        step: the train step; the default step if None.

    Returns:
        A scalar bool: whether a record was written.

    Raises:
        TypeError: `model` is no Keras model, or `loss` no loss.
        ValueError: there is a writer and no step, or the model is not built.
        RuntimeError: called inside a function with `jit_compile=True`, or given tensors of a
            traced function. Whatever else goes wrong is one warning.
    """
    refuse_xla("probe")
    flavour_of(model)
    if loss is not None:
        check_losses(loss)
    writer = current_writer()
    if writer is None:
        return ops.nothing_written()
    step = resolve_step(step, "probe")
    recorder = watch_model(model)

    def run() -> probing.ProbeResult:
        attempt = recorder.guard.attempt
        return probing.run(model, x, y, loss=loss, sample_weight=sample_weight, attempt=attempt)

    symbolic = any(
        tf.is_tensor(part) and not hasattr(part, "numpy")
        for part in tf.nest.flatten((x, y, sample_weight))
    )
    if symbolic:
        raise RuntimeError(
            "tb_bnplugin.summary.probe was given tensors of a tf.function; it runs the model"
            " itself, so call it in the loop around that function, or give it numpy arrays"
        )
    return ops.record_probe(recorder, writer, step, run)


def recalibration(model: Any, result: Recalibration, step: Any = None) -> Any:
    """Record the result of `tb_bnplugin.recalibrate`: the page shows before and after.

    Args:
        model: the model that was recalibrated.
        result: of `recalibrate`.
        step: the train step, an int; the default step if None.

    Returns:
        A scalar bool: whether a record was written.

    Raises:
        TypeError: `model` is no Keras model, or `result` no result.
        ValueError: there is a writer and no step.
        RuntimeError: called inside a `tf.function`, where no result is known.
    """
    flavour_of(model)
    if not isinstance(result, Recalibration):
        raise TypeError(f"a Recalibration was expected, received {type(result).__name__}")
    return _record_result(model, "recalibration", encode_result(result), step)


def twin(model: Any, report: Any, step: Any = None) -> Any:
    """Record the report of `tb_bnplugin.twin`: the page shows the first divergence and all others.

    Args:
        model: the model whose steps were compared.
        report: of `twin`.
        step: the train step, an int; the default step if None.

    Returns:
        A scalar bool: whether a record was written.

    Raises:
        TypeError: `model` is no Keras model, or `report` no report.
        ValueError: there is a writer and no step.
        RuntimeError: called inside a `tf.function`, where no report is known.
    """
    flavour_of(model)
    if not hasattr(report, "to_document"):
        raise TypeError(f"a TwinReport was expected, received {type(report).__name__}")
    return _record_result(model, "twin", report.to_document(), step)


def _record_result(model: Any, kind: Kind, document: bytes, step: Any) -> Any:
    if not tf.executing_eagerly():
        raise RuntimeError(
            f"tb_bnplugin.summary.{kind} was called in a tf.function: call it outside of any"
        )
    writer = current_writer()
    if writer is None or not bool(tf.summary.should_record_summaries()):
        return ops.nothing_written()
    step = resolve_step(step, kind)
    recorder = watch_model(model)
    return tf.constant(ops.record_document(recorder, kind, document, int(step), writer))


def batch_norm_pb(model: Any, step: int) -> bytes:
    """The summary that `batch_norm` would write, with the documents of the model.

    Args:
        model: a watched Keras model.
        step: the train step.

    Returns:
        A serialized `tf.Summary` message. Nothing is written, and the record of the model goes
        on as if this had not been called.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: `model` is not watched.
    """
    flavour_of(model)
    recorder = recorder_of(model)
    if recorder is None:
        raise ValueError(
            f"the model {model.name!r} is not watched: call tb_bnplugin.watch(model) before its"
            " first training step"
        )
    return as_bytes.model_to_bytes(recorder, step)


def loss_reduction_pb(
    loss: Any, y_true: Any, y_pred: Any, *, model: str = "loop", **options: Any
) -> bytes:
    """The summary of a loss that `loss_reduction` would write.

    Args:
        loss, y_true, y_pred: as for `loss_reduction`, eager.
        model: name of the model in the log.
        options: sample_weight, value and name, as for `loss_reduction`.

    Returns:
        A serialized `tf.Summary` message with the columns of the loss, for several outputs one
        value each. What cannot be measured is left out, with a warning.

    Raises:
        TypeError: `loss` is neither a loss, a name nor a callable, nor a structure of them.
        ValueError: Keras knows no loss of this name.
    """
    return as_bytes.loss_to_bytes(loss, y_true, y_pred, model, LossOptions(**options))


def probe_pb(
    model: Any, x: Any, y: Any = None, *, loss: Any = None, sample_weight: Any = None
) -> bytes:
    """The summary of a probe that `probe` would write, without columns of compiled metrics.

    Args:
        model, x, y, loss, sample_weight: as for `probe`.

    Returns:
        A serialized `tf.Summary` message.
    """
    result = probing.run(model, x, y, loss=loss, sample_weight=sample_weight)
    packed = probing.pack(result, ops.PROBE_COLUMNS)
    return as_bytes.to_bytes("probe", {"": packed}, model=str(model.name))
