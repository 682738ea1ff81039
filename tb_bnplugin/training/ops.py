"""The work of the summary ops: they record eagerly, or when a traced function runs."""

from __future__ import annotations

import time
import warnings
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.flavour import imported_flavour
from tb_bnplugin.keras.losses import measure as loss_measure
from tb_bnplugin.keras.losses.regularization import weight_regularization
from tb_bnplugin.keras.probe.run import ProbeResult
from tb_bnplugin.measure.reading import Moment, Observation
from tb_bnplugin.schema.columns import PROBE_COLUMNS
from tb_bnplugin.schema.facts import Graph, LossFacts, ModelCode, ModelFacts, Phase
from tb_bnplugin.schema.records import Kind, Metadata, Record
from tb_bnplugin.training import writer as event_file
from tb_bnplugin.training.observer import PROCESS_STARTED
from tb_bnplugin.training.publisher import Extra, Publisher, Target
from tb_bnplugin.training.recorder import (
    Recorder,
    open_recorders,
    recorder_of,
    watch_model,
)
from tb_bnplugin.training.run import Run, run_of_writer

__all__ = [
    "PROBE_COLUMNS",
    "model_to_bytes",
    "nothing_written",
    "record_loss",
    "record_model",
    "record_probe",
    "to_bytes",
    "watched",
]

PLACEHOLDER: Final = "loop"
"""Stands for the model where a loss is measured and no model is watched."""

_placeholders: weakref.WeakKeyDictionary[Run, Publisher] = weakref.WeakKeyDictionary()


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
        reader = recorder.reader()

    def make(given: Any, *values: Any) -> bool:
        reading = reader.decode([value.numpy() for value in values])
        return record(given, lambda at: recorder.record_reading(at, reader, reading, target))

    return _when_recording(
        lambda: tf.py_function(make, [tf.cast(step, tf.int64), *reader.tensors()], tf.bool)
    )


def record_loss(
    writer: Any, step: Any, loss: Any, y_true: Any, y_pred: Any, options: dict[str, Any]
) -> Any:
    """Record the measurements of a loss; a bool, or a tensor of one inside a function."""
    run = run_of_writer(writer)
    recorder = _only_recorder(run)
    if recorder is not None:
        recorder.use(run)
        options["keras"] = recorder.watched.flavour.keras
        options["regularization"] = weight_regularization(recorder.watched.model)
    publisher = recorder or _placeholder(run)

    def save(given: Any, vector: Any, facts: LossFacts) -> bool:
        values = np.asarray(vector, np.float64)
        add = _add if isinstance(publisher, Recorder) else _add_beside
        target = Target(run=run, writer=writer)
        return bool(
            publisher.guard.attempt("recording", add, publisher, values, facts, int(given), target)
        )

    if tf.executing_eagerly():
        if not bool(tf.summary.should_record_summaries()):
            return tf.constant(False)
        vector, facts = loss_measure.measure(loss, y_true, y_pred, **options)
        return tf.constant(save(step, vector, facts))

    def measured() -> Any:
        tensor, facts = loss_measure.measure_in_graph(loss, y_true, y_pred, **options)

        def make(given: Any, vector: Any) -> bool:
            known = loss_measure.with_keras_class(facts, vector.numpy())
            return save(given, vector.numpy(), known)

        return tf.py_function(make, [tf.cast(step, tf.int64), tensor], tf.bool)

    return _when_recording(measured)


def record_probe(
    recorder: Recorder, writer: Any, step: Any, probe: Callable[[], ProbeResult]
) -> Any:
    """Record a probe; a bool, or a tensor of one inside a function."""
    run = run_of_writer(writer)
    recorder.use(run)
    target = Target(run=run, writer=writer)

    def add(result: ProbeResult, given: int) -> bool:
        at, _ = run.place(given, f"{recorder.name}/probe", beside=recorder.name)
        return recorder.add(recorder.observer.probe(result), at, target)

    def make(given: Any) -> bool:
        result = probe()
        return bool(recorder.guard.attempt("recording", add, result, int(given)))

    if tf.executing_eagerly():
        if not bool(tf.summary.should_record_summaries()):
            return tf.constant(False)
        return tf.constant(make(step))
    return _when_recording(lambda: tf.py_function(make, [tf.cast(step, tf.int64)], tf.bool))


def model_to_bytes(recorder: Recorder, step: int) -> bytes:
    """The records of this moment as a summary; the recorder goes on as before."""
    return event_file.to_bytes(recorder.preview(step))


def to_bytes(kind: Kind, value: Any, *, model: str, name: str = "") -> bytes:
    """One record as a summary."""
    metadata = Metadata(kind=kind, model=model, name=name)
    return event_file.to_bytes([Record(metadata=metadata, step=0, wall_time=0.0, value=value)])


def nothing_written() -> Any:
    """The answer of an op that has nothing to record."""
    return tf.constant(False)


def _add(recorder: Recorder, vector: Any, facts: LossFacts, given: int, target: Target) -> bool:
    counter = f"{recorder.name}/loss/{facts.name}"
    at, _ = target.run.place(given, counter, beside=recorder.name)
    return recorder.add([recorder.observer.loss(vector, facts)], at, target)


def _add_beside(
    publisher: Publisher, vector: Any, facts: LossFacts, given: int, target: Target
) -> bool:
    """Record a loss where no model is watched, with the facts of none."""
    at, _ = target.run.place(given, f"{PLACEHOLDER}/loss/{facts.name}", beside=PLACEHOLDER)
    now = time.time()
    moment = Moment(
        step=at,
        reason="cadence",
        evaluations=0,
        predictions=0,
        process_started=PROCESS_STARTED,
        wall_time=now,
    )
    phase = publisher.phase or Phase(
        number=1, step=at, wall_time=now, reason="watch", process_started=PROCESS_STARTED
    )
    measured = {loss.name: loss for loss in phase.measured_losses}
    if facts.name not in measured:
        phase = replace(phase, measured_losses=(*phase.measured_losses, facts))
    observed = Observation(phase=phase, facts=None if publisher.phase else _facts_of_none())
    extra = Extra(kind="loss", value=vector, name=facts.name)
    return publisher.publish(observed, moment, target, [extra])


def _placeholder(run: Run) -> Publisher:
    return _placeholders.setdefault(run, Publisher(PLACEHOLDER))


def _facts_of_none() -> ModelFacts:
    return ModelFacts(
        name=PLACEHOLDER,
        code=ModelCode(model_class="", subclassed=False, call_accepts_training=None),
        keras=str(imported_flavour()),
        tensorflow=str(tf.__version__),
        replicas=int(tf.distribute.get_strategy().num_replicas_in_sync),
        optimizer=None,
        trained_by="loop",
        expect=(),
        layers=(),
        graph=Graph(),
        process_started=PROCESS_STARTED,
    )


def _only_recorder(run: Run) -> Recorder | None:
    """The model that a loss belongs to: the one of this log, or the only one that is watched."""
    recorders = run.recorders() or open_recorders()
    return recorders[0] if len(recorders) == 1 else None


def _when_recording(make: Callable[[], Any]) -> Any:
    should = tf.summary.should_record_summaries()
    replica = tf.distribute.get_replica_context()
    if replica is not None and replica.num_replicas_in_sync > 1:
        should = tf.logical_and(should, tf.equal(replica.replica_id_in_sync_group, 0))
    return tf.cond(should, make, lambda: tf.constant(False))
