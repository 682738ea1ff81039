"""Summary ops for training loops of one's own. They write to the default `tf.summary` writer.

They behave as `tf.summary.scalar` does: eager or inside `tf.function`, with `record_if`, with
`step=None` taking the default step, and they return a bool: whether a record was written.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.losses import measure as loss_measure
from tb_bnplugin.keras.losses.regularization import weight_regularization
from tb_bnplugin.keras.probe import run as probing
from tb_bnplugin.keras.watched_model import (
    WatchedModel,
    open_watches,
    watch_model,
    watch_of,
)
from tb_bnplugin.schema.records import Metadata, Record
from tb_bnplugin.training.run import PLACEHOLDER, RunLog, log_of_writer, write
from tb_bnplugin.training.summary_state import current_writer, refuse_xla, resolve_step

__all__ = ["batch_norm", "loss_reduction", "probe"]


@tf.autograph.experimental.do_not_convert
def batch_norm(model: Any, step: Any = None) -> Any:
    """Records moving statistics and effective mode of every batch normalization layer.

    Args:
        model: the Keras model. Watch it before the training step is traced
            (`tb_bnplugin.watch(model)`); otherwise this op begins to watch it, and what was
            traced before is not counted.
        step: the train step, an int or an int64 scalar tensor; the default step if None.

    Returns:
        A scalar bool: whether a record was written. A tensor inside `tf.function`.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: there is no step.
        RuntimeError: called inside a function with `jit_compile=True`.
    """
    refuse_xla("batch_norm")
    watch = watch_of(model)
    if watch is None:
        watch = watch_model(model)
        warnings.warn(
            f"tb_bnplugin watches {watch.name!r} from this record on; what a tf.function traced"
            " before is not counted. Call tb_bnplugin.watch(model) before the first step.",
            UserWarning,
            stacklevel=3,  # past the decorator
        )
    step = resolve_step(step, "batch_norm")
    writer = current_writer()
    if writer is None:
        return _nothing_written()
    log = log_of_writer(writer)
    log.register(watch)
    if tf.executing_eagerly():
        if not bool(tf.summary.should_record_summaries()):
            return tf.constant(False)
        written = log.attempt(writer, lambda: _write_snapshot(watch, log, writer, step))
        watch.announce()
        return tf.constant(written)
    return _batch_norm_in_graph(watch, log, writer, step)


def _batch_norm_in_graph(watch: WatchedModel, log: RunLog, writer: Any, step: Any) -> Any:
    with tf.init_scope():
        watch.rescan()
        reader = watch.reader()

    def record(given: Any, *values: Any) -> None:
        watch.rescan()
        if watch.is_current(reader):
            reading = reader.decode([value.numpy() for value in values])
        else:  # layers came, or training was set up anew, since this function was traced
            reading = watch.reader().read()
        _write_reading(watch, log, writer, int(given), reading)

    def make(*values: Any) -> bool:
        written = log.attempt(writer, lambda: record(*values))
        watch.announce()
        return written

    return _when_recording(
        lambda: tf.py_function(make, [tf.cast(step, tf.int64), *reader.tensors()], tf.bool)
    )


def _write_snapshot(watch: WatchedModel, log: RunLog, writer: Any, given: Any) -> None:
    watch.rescan()
    _write_reading(watch, log, writer, int(given), watch.reader().read())


def _write_reading(watch: WatchedModel, log: RunLog, writer: Any, given: int, reading: Any) -> None:
    step, restarted = log.place(given, watch.name)
    if restarted:
        watch.add_phase(step, "restart")
    records = log.complete(watch, watch.records(reading, step, "cadence"), step)
    write(writer, records)
    watch.publish(records)


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
    """Records how a loss is reduced, measured on the labels and predictions given.

    The loss is evaluated on the batch, on the batch doubled, with the labels rolled by one row,
    and beside Keras' mean of the same loss. Nothing is differentiated and no state is changed.

    Args:
        loss: a Keras loss object, the name of one ("mse"), or a callable
            `(y_true, y_pred) -> tensor`.
        y_true: labels, [batch, ...].
        y_pred: predictions, [batch, ...].
        sample_weight: weights as the loop passes them to the loss, or None.
        value: the scalar that the loop really differentiated, when it computed its own.
        name: name of the loss in the log.
        step: the train step; the default step if None.

    Returns:
        A scalar bool: whether a record was written.

    Raises:
        TypeError: `loss` is neither a loss, a name nor a callable.
        ValueError: there is no step, or the batch is empty.
        RuntimeError: called inside a function with `jit_compile=True`.
    """
    refuse_xla("loss_reduction")
    loss_measure.check_loss(loss)
    step = resolve_step(step, "loss_reduction")
    writer = current_writer()
    if writer is None:
        return _nothing_written()
    log = log_of_writer(writer)
    watch = _only_watch(log)
    arguments: dict[str, Any] = {"sample_weight": sample_weight, "value": value}
    if watch is not None:
        arguments["keras"] = watch.flavour.keras
        arguments["regularization"] = weight_regularization(watch.model)

    def save(given: Any, vector: Any, static: dict[str, Any]) -> None:
        metadata = Metadata(
            kind="loss",
            model=PLACEHOLDER if watch is None else watch.name,
            name=name,
            static_json=json.dumps(static).encode(),
        )
        _write_one(watch, log, writer, metadata, given, np.asarray(vector, np.float64))

    if tf.executing_eagerly():
        if not bool(tf.summary.should_record_summaries()):
            return tf.constant(False)
        vector, static = loss_measure.measure(loss, y_true, y_pred, **arguments)
        return tf.constant(log.attempt(writer, lambda: save(step, vector, static)))

    def measured() -> Any:
        tensor, static = loss_measure.measure_in_graph(loss, y_true, y_pred, **arguments)

        def make(given: Any, vector: Any) -> bool:
            complete = loss_measure.complete_static(static, vector.numpy())
            return log.attempt(writer, lambda: save(given, vector.numpy(), complete))

        return tf.py_function(make, [tf.cast(step, tf.int64), tensor], tf.bool)

    return _when_recording(measured)


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
    """Records loss, accuracy and spread of the outputs with moving and with batch statistics.

    The batch runs through the model twice, in inference mode and with batch statistics forced
    in each batch normalization layer alone (dropout stays off). All state is left as it was.

    Args:
        model: the Keras model, built.
        x: inputs of one batch, as the model takes them.
        y: labels, or None: then only the spread of the outputs is recorded.
        loss: as for `loss_reduction`; the compiled loss if None.
        sample_weight: weights for the loss, or None.
        step: the train step; the default step if None.

    Returns:
        A scalar bool: whether a record was written.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: there is no step, or the model is not built.
        RuntimeError: called inside a function with `jit_compile=True`.
    """
    refuse_xla("probe")
    flavour_of(model)
    step = resolve_step(step, "probe")
    writer = current_writer()
    if writer is None:
        return _nothing_written()
    log = log_of_writer(writer)
    watch = watch_model(model)
    log.register(watch)

    def make(given: Any) -> bool:
        result = probing.run(model, x, y, loss=loss, sample_weight=sample_weight)
        vector, static = probing.pack(result)
        metadata = Metadata(kind="probe", model=watch.name, static_json=json.dumps(static).encode())
        return log.attempt(writer, lambda: _write_one(watch, log, writer, metadata, given, vector))

    if tf.executing_eagerly():
        if not bool(tf.summary.should_record_summaries()):
            return tf.constant(False)
        return tf.constant(make(step))
    if any(tf.is_tensor(part) for part in tf.nest.flatten((x, y, sample_weight))):
        raise RuntimeError(
            "tb_bnplugin.summary.probe was given tensors of a tf.function; it runs the model"
            " itself, so call it in the loop around that function, or give it numpy arrays"
        )
    return _when_recording(lambda: tf.py_function(make, [tf.cast(step, tf.int64)], tf.bool))


def _write_one(
    watch: WatchedModel | None, log: RunLog, writer: Any, metadata: Metadata, given: Any, value: Any
) -> None:
    counter = f"{metadata.model}/{metadata.kind}/{metadata.name}"
    step, _ = log.place(int(given), counter, beside=metadata.model)
    record = Record(metadata=metadata, step=step, wall_time=time.time(), value=value)
    if watch is None:
        write(writer, [*log.placeholder(step), record])
        return
    records = log.complete(watch, [record], step)
    write(writer, records)
    watch.publish(records)


def _only_watch(log: RunLog) -> WatchedModel | None:
    """The model that a loss belongs to: the one of this log, or the only one that is watched."""
    watches = log.watches() or open_watches()
    if len(watches) != 1:
        return None
    log.register(watches[0])
    return watches[0]


def _when_recording(make: Callable[[], Any]) -> Any:
    should = tf.summary.should_record_summaries()
    replica = tf.distribute.get_replica_context()
    if replica is not None and replica.num_replicas_in_sync > 1:
        should = tf.logical_and(should, tf.equal(replica.replica_id_in_sync_group, 0))
    return tf.cond(should, make, lambda: tf.constant(False))


def _nothing_written() -> Any:
    return tf.constant(False)
