"""Records to the bytes of an event file, through a `tf.summary` writer."""

from __future__ import annotations

import functools
import time
import weakref
from collections.abc import Iterable, Sequence
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.guard import warn
from tb_bnplugin.schedule import Schedule, every_seconds
from tb_bnplugin.schema.columns import CHANNELS_PLUGIN_NAME, PLUGIN_NAME
from tb_bnplugin.schema.records import Metadata, Record, create_content, create_tag

FLUSH_SECONDS: Final = 2.0
"""A flush costs as much as a record; one every few seconds is enough for who looks on."""

_flushes: weakref.WeakKeyDictionary[Any, Schedule] = weakref.WeakKeyDictionary()


_failed: weakref.WeakSet[Any] = weakref.WeakSet()  # writers that could not be written to


def write_or_warn(writer: Any, records: Sequence[Record], model: str) -> bool:
    """Write records; return True where that went well.

    A writer that fails is not tried again: one warning, and the training goes on.
    """
    if writer in _failed:
        return False
    try:
        write(writer, records)
    except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
        _failed.add(writer)
        warn("writing", error, model)
        return False
    return True


def flush_or_warn(writer: Any, model: str) -> None:
    """Flush a writer that did not fail before."""
    if writer not in _failed:
        try:
            writer.flush()
        except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
            _failed.add(writer)
            warn("writing", error, model)


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
    flushes = _flushes.setdefault(writer, every_seconds(FLUSH_SECONDS))
    if flushes.is_due(time.monotonic()):
        writer.flush()


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
