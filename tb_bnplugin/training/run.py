"""The log of one run: its clock, the names of its models, and how records are written to it."""

from __future__ import annotations

import functools
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.flavour import imported_flavour
from tb_bnplugin.keras.watched_model import WatchedModel
from tb_bnplugin.schema.columns import CHANNELS_PLUGIN_NAME, PLUGIN_NAME
from tb_bnplugin.schema.facts import ModelFacts, encode_model
from tb_bnplugin.schema.records import Kind, Metadata, Record, create_content, create_tag

PLACEHOLDER: Final = "loop"
"""Stands for the model where a loss is measured and no model is watched."""


DOCUMENTS: Final[tuple[Kind, ...]] = ("model", "calls", "events")
"""Kinds of which a log must hold the newest, even where it was written to another log before."""


@dataclass
class _Clock:
    """A counter of steps that a loop keeps itself."""

    offset: int
    given: int | None = None
    step: int = 0  # of the run, for `given`


class RunLog:
    """What is known of one run directory (or writer) in this process.

    Steps never go back within a process: a second fit, a new callback or a counter that
    restarts goes on from the last step.
    """

    def __init__(self) -> None:
        self.last_step = 0
        self._documents: weakref.WeakKeyDictionary[WatchedModel, dict[str, Any]] = (
            weakref.WeakKeyDictionary()  # what this log holds of each model, by kind
        )
        self._names: dict[str, _Holder] = {}
        self._offset = 0  # of the newest counter that began anew
        self._clocks: dict[str, _Clock] = {}
        self._has_placeholder = False
        self._lock = threading.RLock()
        self._failed: weakref.ref[Any] | None = None  # the writer that could not be written to

    def attempt(self, writer: Any, record: Callable[[], None]) -> bool:
        """Whether `record()`, which makes and writes records, went well.

        What goes wrong is no business of the loop that trains: one warning, and nothing more is
        recorded with this writer.
        """
        with self._lock:  # a trace runs its ops in threads of their own
            if self._failed is not None and self._failed() is writer:
                return False
            try:
                record()
            except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
                self._failed = weakref.ref(writer)
                self.forget_documents()
                warnings.warn(
                    "tb_bnplugin stops recording with this writer; the training goes on"
                    f" unchanged: {type(error).__name__}: {error}",
                    RuntimeWarning,
                    stacklevel=3,
                )
                return False
            return True

    def forget_documents(self) -> None:
        """What was written may be lost: whoever writes here next writes the documents again."""
        self._documents.clear()
        self._has_placeholder = False

    def place(self, given: int, counter: str, *, beside: str | None = None) -> tuple[int, bool]:
        """The step of this run for a step a loop counts itself, and whether that began anew.

        Several counters may go side by side, as those of a critic and its generator do: each is
        compared with itself. Where one goes back, all that go back with it move on alike.

        Args:
            given: the step as the loop has it.
            counter: who counts, such as the name of the model.
            beside: a counter of the same loop; where that began anew, so has this one.
        """
        clock = self._clocks.setdefault(counter, _Clock(offset=self._offset))
        restarted = clock.given is not None and given < clock.given
        if restarted:
            if given + self._offset <= clock.step:  # no other counter went back before
                self._offset = self.last_step + 1 - given
            clock.offset = self._offset
        elif beside in self._clocks:
            clock.offset = max(clock.offset, self._clocks[beside].offset)
        clock.given, clock.step = given, given + clock.offset
        self.last_step = max(self.last_step, clock.step)
        return clock.step, restarted

    def reach(self, step: int) -> None:
        """Notes a step that was counted by the run's own clock."""
        self.last_step = max(self.last_step, step)

    def register(self, watch: WatchedModel) -> None:
        """Gives the model a name of its own in this log, before its first record is made."""
        base, count = watch.name, 0
        while True:
            name = base if count == 0 else f"{base}_{count}"
            known = self._names.get(name)
            if known is None or known.stands_for(watch):
                self._names[name] = _Holder(watch)
                if name != watch.name:
                    watch.rename(name)
                return
            count += 1

    def watches(self) -> list[WatchedModel]:
        """The models that are recorded in this log and still watched."""
        held = [holder.watch() for holder in self._names.values()]
        return [watch for watch in held if watch is not None and not watch.closed]

    def placeholder(self, step: int) -> list[Record]:
        """Facts of no model, once, for a loss that is measured where none is watched."""
        if self._has_placeholder:
            return []
        self._has_placeholder = True
        facts = ModelFacts(
            name=PLACEHOLDER,
            model_class="",
            keras=str(imported_flavour()),
            tensorflow=str(tf.__version__),
            replicas=int(tf.distribute.get_strategy().num_replicas_in_sync),
            optimizer=None,
            subclassed=False,
            call_accepts_training=None,
            trained_by="loop",
            expect=(),
            layers=(),
            phases=(),
            nodes=(),
            edges=(),
            losses=(),
            metrics=(),
        )
        metadata = Metadata(kind="model", model=PLACEHOLDER)
        document = encode_model(facts)
        return [Record(metadata=metadata, step=step, wall_time=time.time(), value=document)]

    def complete(self, watch: WatchedModel, records: list[Record], step: int) -> list[Record]:
        """Adds the documents of the model that this log does not have yet."""
        written = {record.metadata.kind for record in records}
        held = self._documents.setdefault(watch, {})
        missing = [
            document
            for document in watch.documents(step)
            if document.metadata.kind not in written
            and held.get(document.metadata.kind) is not document.value
        ]
        complete = [*records, *missing]
        held.update({r.metadata.kind: r.value for r in complete if r.metadata.kind in DOCUMENTS})
        return complete


class _Holder:
    """Whose a name in a log is: a watch, or the model that it watched.

    Another model never takes the name over, be the first one gone: their records would mix.
    """

    def __init__(self, watch: WatchedModel) -> None:
        self.watch = weakref.ref(watch)
        self._model = watch.reference

    def stands_for(self, watch: WatchedModel) -> bool:
        model = self._model()
        return self.watch() is watch or (model is not None and model is watch.model)


_logs: dict[str, RunLog] = {}
_writer_logs: weakref.WeakKeyDictionary[Any, RunLog] = weakref.WeakKeyDictionary()


FLUSH_SECONDS: Final = 2.0
_flushed: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()


def log_of_directory(directory: str) -> RunLog:
    """The log of a run directory: one for the process, whoever writes there."""
    key = directory if "://" in directory else os.path.abspath(directory)  # noqa: PTH100  # links stay
    return _logs.setdefault(key, RunLog())


def log_of_writer(writer: Any) -> RunLog:
    """The log that a `tf.summary` writer writes to: that of its directory where it is known."""
    metadata = getattr(writer, "_metadata", None)
    directory = metadata.get("logdir") if isinstance(metadata, dict) else None
    if isinstance(directory, (str, os.PathLike)):
        return log_of_directory(os.fspath(directory))
    try:
        return _writer_logs.setdefault(writer, RunLog())
    except TypeError:
        return RunLog()


def write(writer: Any, records: Iterable[Record]) -> None:
    """Writes records to a `tf.summary` writer, eagerly."""
    resource = getattr(writer, "_resource", None)
    if resource is None:
        with writer.as_default(), tf.summary.record_if(True):
            for record in records:
                write_one(record.metadata, tf.convert_to_tensor(record.value), record.step)
        return
    for record in records:  # what tf.summary.write does in the end, at a fifth of its time
        tag, metadata = _constants(record.metadata)
        tf.raw_ops.WriteSummary(
            writer=resource,
            step=tf.constant(record.step, tf.int64),
            tensor=tf.convert_to_tensor(record.value),
            tag=tag,
            summary_metadata=metadata,
        )
    _flush_now_and_then(writer)


def _flush_now_and_then(writer: Any) -> None:
    """A flush costs as much as a record; one every few seconds is enough for who looks on."""
    now = time.monotonic()
    if now - _flushed.get(writer, 0.0) >= FLUSH_SECONDS:
        _flushed[writer] = now
        writer.flush()


def write_one(metadata: Metadata, value: Any, step: Any) -> Any:
    """Writes one record to the default writer; `value` may be a callable, and any be symbolic."""
    return tf.summary.write(
        create_tag(metadata), value, step=step, metadata=summary_metadata(metadata)
    )


@functools.lru_cache(maxsize=256)
def _constants(metadata: Metadata) -> tuple[Any, Any]:
    """Tag and serialized metadata as tensors, which every record of a tag shares."""
    with tf.init_scope():
        return tf.constant(create_tag(metadata)), tf.constant(summary_metadata(metadata))


@functools.lru_cache(maxsize=256)
def summary_metadata(metadata: Metadata) -> bytes:
    """The serialized `SummaryMetadata` of a record, which TensorBoard wants with each one."""
    message = tf.compat.v1.SummaryMetadata()
    plugin = CHANNELS_PLUGIN_NAME if metadata.kind == "channels" else PLUGIN_NAME
    message.plugin_data.plugin_name = plugin
    message.plugin_data.content = create_content(metadata)
    message.data_class = 2  # DATA_CLASS_TENSOR: without one, TensorBoard drops the series
    return bytes(message.SerializeToString())
