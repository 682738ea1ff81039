"""Records to the bytes of an event file, through a `tf.summary` writer."""

from __future__ import annotations

import contextlib
import functools
import time
import warnings
import weakref
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.guard import warn
from tb_bnplugin.schedule import every_seconds
from tb_bnplugin.schema.columns import CHANNELS_PLUGIN_NAME, PLUGIN_NAME
from tb_bnplugin.schema.records import Metadata, Record, create_content, create_tag
from tb_bnplugin.training.event_file import Claim, claim, event_files, grown

FLUSH_SECONDS: Final = 2.0
"""A flush costs as much as a record; one every few seconds is enough for who looks on."""


class _Log:
    """The event file of one writer, and the writer that stands in for it where that is gone."""

    def __init__(self, directory: str | None) -> None:
        self.failed = False
        self.file: Path | None = None  # where it is known
        self.instead: Any = None
        self._directory = directory
        self._flushes = every_seconds(FLUSH_SECONDS)
        self._claim: Claim | None = None
        self._told = False
        self._looks = 3  # for the file

    def present(self, writer: Any) -> Any:
        """The writer to write with: another one, in the same folder, where the file is gone."""
        if self.file is not None and not self.file.exists():
            folder, self.file = self.file.parent, None
            self._looks = 3
            if not self._told:
                self._told = True
                warnings.warn(
                    f"tb_bnplugin: the log folder {str(folder)!r} was removed while it is written;"
                    " it is made again, what was recorded before is lost, and training goes on"
                    " unchanged",
                    RuntimeWarning,
                    stacklevel=5,
                )
            self.instead = tf.summary.create_file_writer(str(folder))
        return writer if self.instead is None else self.instead

    def write(self, writer: Any, records: Iterable[Record]) -> None:
        """Write, flush from time to time, and find the file by what is added to it."""
        if self.file is not None or not self._looks:
            write(writer, records)
            if self._flushes.is_due(time.monotonic()):
                writer.flush()
            return
        self._looks -= 1
        self.find(writer, lambda: write(writer, records))

    def find(self, writer: Any, add: Callable[[], Any]) -> None:
        """Find the file by what is added to it."""
        before = event_files(self._directory)
        add()
        writer.flush()
        self.file = grown(before, event_files(self._directory))
        if self.file is not None:
            self._share(self.file.parent)

    def _share(self, folder: Path) -> None:
        self._claim = claim(folder)
        if self._claim is None:
            warnings.warn(
                f"tb_bnplugin: another process records into {str(folder)!r} too; where their steps"
                " are the same, only those of the one that began last are shown. Give each process"
                " a folder of its own.",
                RuntimeWarning,
                stacklevel=5,
            )


_logs: weakref.WeakKeyDictionary[Any, _Log] = weakref.WeakKeyDictionary()


def write_or_warn(
    writer: Any, records: Sequence[Record], model: str, directory: str | None = None
) -> bool:
    """Write records; return True where that went well.

    A writer that fails is not tried again: one warning, and the training goes on. One whose file
    was removed goes on with a new file in the same folder.

    Args:
        writer: a `tf.summary` writer.
        records: to write.
        model: name of the model, for the warning.
        directory: of the writer, where it is known.
    """
    log = _logs.setdefault(writer, _Log(directory))
    if log.failed:
        return False
    try:
        log.write(log.present(writer), records)
    except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
        log.failed = True
        warn("writing", error, model)
        return False
    return True


def is_closed(writer: Any) -> bool:
    """Return True where the program closed a writer: it wants no more records."""
    return bool(getattr(writer, "_closed", False))


def flush_or_warn(writer: Any, model: str) -> None:
    """Flush a writer that did not fail before."""
    log = _logs.get(writer)
    if log is None or not log.failed:
        try:
            (writer if log is None else log.present(writer)).flush()
        except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
            _logs.setdefault(writer, _Log(None)).failed = True
            warn("writing", error, model)


def close(writer: Any) -> None:
    """Close a writer, and the one that stood in for it."""
    log = _logs.pop(writer, None)
    if log is not None and log.instead is not None:
        log.instead.close()
    writer.close()


def file_of(writer: Any) -> Path | None:
    """The event file that a writer writes to; None where it is not known."""
    log = _logs.get(writer)
    return None if log is None else log.file


def folder_of(writer: Any) -> Path | None:
    """The folder that a writer writes to, before anything is recorded; None: it is not known.

    An event without a value is written for that, which no reader shows.
    """
    if is_closed(writer):
        return None
    log = _logs.setdefault(writer, _Log(None))
    if log.file is None and not log.failed:
        with contextlib.suppress(Exception), tf.init_scope(), writer.as_default():  # a graph's, say
            log.find(writer, lambda: tf.summary.experimental.write_raw_pb(b"", step=0))
    return None if log.file is None else log.file.parent


def write(writer: Any, records: Iterable[Record]) -> None:
    """Write records to a `tf.summary` writer, eagerly."""
    resource = getattr(writer, "_resource", None)
    if resource is None:
        with writer.as_default(), tf.summary.record_if(True):
            for record in records:
                tf.summary.write(
                    create_tag(record.metadata),
                    tf.convert_to_tensor(record.value),
                    step=record.step,
                    metadata=summary_metadata(record.metadata),
                )
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


def to_bytes(records: Iterable[Record]) -> bytes:
    """The records as a serialized `tf.Summary` message, as an event file holds it."""
    summary = tf.compat.v1.Summary()
    for record in records:
        tensor = tf.make_tensor_proto(record.value)
        value = summary.value.add(tag=create_tag(record.metadata), tensor=tensor)
        value.metadata.MergeFromString(summary_metadata(record.metadata))
    return bytes(summary.SerializeToString())


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
