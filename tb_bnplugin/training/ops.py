"""The work of the summary ops: they record eagerly, or when a traced function runs."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.errors import NotBuiltError
from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.loop import Compared
from tb_bnplugin.keras.lines.program import ProgramLines
from tb_bnplugin.keras.losses import measure as loss_measure
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.outputs import Measured, check_known, measure_outputs
from tb_bnplugin.keras.losses.regularization import weight_regularization
from tb_bnplugin.keras.probe.preserve import touched
from tb_bnplugin.keras.probe.run import ProbeResult
from tb_bnplugin.schema.columns import PROBE_COLUMNS
from tb_bnplugin.schema.facts import LossFacts
from tb_bnplugin.schema.places import Line
from tb_bnplugin.schema.records import Kind
from tb_bnplugin.training import belonging, placeholder
from tb_bnplugin.training.publisher import Extra, Target
from tb_bnplugin.training.recorder import (
    Recorder,
    recorder_of,
    watch_model,
)
from tb_bnplugin.training.run import run_of_writer
from tb_bnplugin.training.summary_state import default_writer

__all__ = [
    "PROBE_COLUMNS",
    "nothing_written",
    "record_document",
    "record_loss",
    "record_model",
    "record_probe",
    "watched",
]


def watched(model: Any) -> Recorder:
    """The recorder of a model, begun now with a warning where nobody watches it."""
    recorder = recorder_of(model)
    if recorder is None:
        recorder = watch_model(model)
        warnings.warn(
            f"tb_bnplugin watches {recorder.name!r} from this record on; what a tf.function traced"
            " before is not counted. Call tb_bnplugin.watch(model) before the first step.",
            UserWarning,
            stacklevel=4,  # past the op and its decorator
        )
    return recorder


def record_model(recorder: Recorder, writer: Any, step: Any) -> Any:
    """Record statistics and modes; a bool, or a tensor of one inside a function."""
    run = run_of_writer(writer)
    recorder.use(run)
    recorder.watched.optimizers.search()
    target = Target(run=run, writer=writer)

    def record(given: Any, take: Callable[[int], bool]) -> bool:
        at, restarted = run.place(int(given), recorder.name)
        if restarted:
            recorder.observer.begin_phase(at, "restart")
        written = recorder.guard.attempt("recording", take, at)
        recorder.deliver()
        return bool(written)

    if tf.executing_eagerly():
        if not bool(tf.summary.should_record_summaries()):
            return tf.constant(False)
        return tf.constant(record(step, lambda at: recorder.record(at, "cadence", target)))
    with tf.init_scope():
        reader = recorder.guard.attempt("recording", recorder.reader)
    if reader is None:
        return nothing_written()

    def make(given: Any, *values: Any) -> bool:
        def take(at: int) -> bool:
            reading = reader.decode([value.numpy() for value in values])
            return recorder.record_reading(at, reader, reading, target)

        return record(given, take)

    return _when_recording(
        lambda: tf.py_function(make, [tf.cast(step, tf.int64), *reader.tensors()], tf.bool)
    )


STEP_OF_FIT: Final = -1
"""Stands for the step that `fit` is making, which is known when it runs."""


def record_loss_of_fit(
    recorder: Recorder, loss: Any, y_true: Any, y_pred: Any, options: LossOptions
) -> Any:
    """Record a loss in a `train_step` that `fit` runs; as `record_loss`."""
    target = recorder.last_target
    assert target is not None
    with default_writer(target.writer):  # without one no summary is wanted
        return record_loss(
            target.writer, STEP_OF_FIT, loss, y_true, y_pred, options, fitted=recorder
        )


def record_loss(
    writer: Any,
    step: Any,
    loss: Any,
    y_true: Any,
    y_pred: Any,
    options: LossOptions,
    *,
    fitted: Recorder | None = None,
) -> Any:
    """Record the measurements of a loss, of each output by itself.

    Args:
        writer: of the log.
        step: an int64 scalar tensor, or STEP_OF_FIT.
        loss, y_true, y_pred: as `summary.loss_reduction` takes them.
        options: of the measurement.
        fitted: the recorder of the model whose step `fit` makes; with STEP_OF_FIT.

    Returns:
        A bool, True where anything was written; a tensor of one inside a function.

    Raises:
        TypeError, ValueError: `loss` is none. Whatever else goes wrong is a warning.
    """
    run = fitted.run if fitted is not None and fitted.run is not None else run_of_writer(writer)
    recorder = fitted or belonging.recorder_of_loss(run, sys._getframe(1))
    publisher = recorder or placeholder.publisher_of(run)
    if recorder is not None:
        recorder.use(run)
        recorder.watched.optimizers.search()
        options = publisher.guard.attempt("losses", _as_of_model, recorder, options) or options
    check_known(loss, options.keras)
    guard = publisher.guard
    options = replace(options, tell=lambda name, why: guard.note("losses", name, why))
    eager = tf.executing_eagerly()
    if eager and not bool(tf.summary.should_record_summaries()):
        return tf.constant(False)
    lines = _lines(recorder, loss, sys._getframe(1))

    def measure() -> Measured:
        one = loss_measure.measure if eager else loss_measure.measure_in_graph
        measured = guard.attempt("losses", measure_outputs, loss, y_true, y_pred, options, one)
        measured = measured or Measured()
        for name, why in measured.skipped.items():
            guard.note("losses", name, why)
        return measured

    def save(
        given: Any, vectors: Sequence[Any], facts: Sequence[LossFacts], compared: Compared
    ) -> bool:
        target = Target(run=run, writer=writer)
        rate = float("nan")
        if recorder is not None:
            recorder.watched.optimizers.look()
            rate = recorder.watched.optimizers.learning_rate()
        written = False
        for vector, fact in zip(vectors, facts, strict=True):
            values = np.array(vector, np.float64)
            values[loss_measure.column_index("learning_rate")] = rate
            known = loss_measure.with_keras_class(fact, values)
            known = replace(known, line=lines[0], measured_at=lines[1])
            of_model = isinstance(publisher, Recorder)
            add = partial(_add, compared=compared) if of_model else placeholder.add
            added = guard.attempt("recording", add, publisher, values, known, int(given), target)
            written = bool(added) or written
            compared = {}
        return written

    def record_in_graph() -> Any:
        found = measure().found
        if not found:
            return tf.constant(False)

        held, later = _compared_later(recorder, fitted, loss, (y_true, y_pred, options))

        def make(given: Any, *values: Any) -> bool:
            vectors = [vector.numpy() for vector in values[: len(found)]]
            compared = guard.attempt("gradients", later, values[len(found) :]) or {}
            return save(given, vectors, [fact for _, fact in found], compared)

        tensors = [tensor for tensor, _ in found]
        return tf.py_function(make, [tf.cast(step, tf.int64), *tensors, *held], tf.bool)

    if not eager:
        return _when_recording(record_in_graph)
    found = measure().found
    vectors, facts = [vector for vector, _ in found], [fact for _, fact in found]
    compared = _compared_now(recorder, fitted, loss, (y_true, y_pred, options))
    return tf.constant(save(step, vectors, facts, compared))


def _lines(
    recorder: Recorder | None, loss: Any, frame: FrameType
) -> tuple[Line | None, Line | None]:
    """The lines of the program that make and measure a loss; None for one that is not known."""
    guard = Guard(placeholder.NAME) if recorder is None else recorder.guard
    lines = ProgramLines(guard) if recorder is None else recorder.watched.lines
    return guard.attempt("lines", lines.of_loss, loss, frame) or (None, None)


def _compared_now(
    recorder: Recorder | None,
    fitted: Recorder | None,
    loss: Any,
    data: tuple[Any, Any, LossOptions],
) -> Compared:
    """The gradients of a loop against this loss, by the name of their record."""
    loop = None if recorder is None or fitted is not None else recorder.watched.gradients.loop
    if recorder is None or loop is None:
        return {}
    return recorder.guard.attempt("gradients", loop.compare, loss, *data) or {}


def _compared_later(
    recorder: Recorder | None,
    fitted: Recorder | None,
    loss: Any,
    data: tuple[Any, Any, LossOptions],
) -> tuple[list[tf.Tensor], Callable[[Sequence[tf.Tensor]], Compared]]:
    """The same for a traced step: tensors, and the function of their values when it runs."""
    loop = None if recorder is None or fitted is not None else recorder.watched.gradients.loop
    if recorder is None or loop is None:
        return [], _nothing_compared
    found = recorder.guard.attempt("gradients", loop.traced, loss, *data)
    return found or ([], _nothing_compared)


def _nothing_compared(_: Sequence[tf.Tensor]) -> Compared:
    return {}


def _as_of_model(recorder: Recorder, options: LossOptions) -> LossOptions:
    """The options of a measurement, with what is known of the model that the loss is of."""
    model = recorder.watched.model
    return replace(
        options,
        keras=recorder.watched.flavour.keras,
        regularization=weight_regularization(model),
        output_names=tuple(getattr(model, "output_names", None) or ()),
    )


def record_probe(
    recorder: Recorder, writer: Any, step: Any, probe: Callable[[], ProbeResult]
) -> Any:
    """Record a probe; a bool, or a tensor of one inside a function."""
    run = run_of_writer(writer)
    recorder.use(run)
    target = Target(run=run, writer=writer)

    def run_probe() -> ProbeResult | NotBuiltError:
        try:
            return probe()
        except NotBuiltError as error:  # told, as the op's documentation has it
            return error

    def add(result: ProbeResult, given: int) -> bool:
        at, _ = run.place(given, f"{recorder.name}/probe", beside=recorder.name)
        return recorder.add(recorder.observer.probe(result), at, target)

    def make(given: Any, *_: Any) -> bool:
        result = recorder.guard.attempt("probe", run_probe)
        if isinstance(result, NotBuiltError):
            raise result
        attempt = recorder.guard.attempt
        return result is not None and bool(attempt("recording", add, result, int(given)))

    if tf.executing_eagerly():
        if not bool(tf.summary.should_record_summaries()):
            return tf.constant(False)
        return tf.constant(make(step))

    def run_in_graph() -> Any:
        # without them it would run beside the updates of the step, and put them back
        before = recorder.guard.attempt("probe", touched, recorder.watched.model) or []
        with tf.control_dependencies(before):
            return tf.py_function(make, [tf.cast(step, tf.int64)], tf.bool)

    return _when_recording(run_in_graph)


def nothing_written() -> Any:
    """The answer of an op that has nothing to record."""
    return tf.constant(False)


def _add(
    recorder: Recorder,
    vector: Any,
    facts: LossFacts,
    given: int,
    target: Target,
    *,
    compared: Compared,
) -> bool:
    if given == STEP_OF_FIT and recorder.observer.in_fit:
        target = recorder.last_target or target  # of this fit, not of that which was traced
        step = target.run.last_step + 1
        return recorder.add([recorder.observer.loss(vector, facts)], step, target)
    counter = f"{recorder.name}/loss/{facts.name}"
    at, _ = target.run.place(given, counter, beside=recorder.name)
    extras = [recorder.observer.loss(vector, facts)]
    for name, values in compared.items():
        extras.append(Extra(kind="gradient", value=values, name=name))
    return recorder.add(extras, at, target)


def _when_recording(make: Callable[[], Any]) -> Any:
    should = tf.summary.should_record_summaries()
    replica = tf.distribute.get_replica_context()
    if replica is not None and replica.num_replicas_in_sync > 1:
        should = tf.logical_and(should, tf.equal(replica.replica_id_in_sync_group, 0))
    return tf.cond(should, make, lambda: tf.constant(False))


def record_document(
    recorder: Recorder, kind: Kind, document: bytes, given: int, writer: Any
) -> bool:
    """Write the result of a tool with a writer; return True where that went well.

    Args:
        recorder: of the model.
        kind: of the record.
        document: to write.
        given: the step as the program counts it.
        writer: a `tf.summary` writer.
    """
    run = run_of_writer(writer)
    recorder.use(run)

    def write() -> bool:
        step, _ = run.place(given, f"{recorder.name}/{kind}", beside=recorder.name)
        extra = Extra(kind=kind, value=document)
        return recorder.add([extra], step, Target(run=run, writer=writer))

    return bool(recorder.guard.attempt("recording", write))
