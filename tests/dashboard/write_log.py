"""Writes event files without TensorFlow: histories turned back into records, and scalars.

python -m tests.dashboard.write_log FOLDER --records 5000 --layers 52
"""

from __future__ import annotations

import argparse
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import (
    DATA_CLASS_SCALAR,
    DATA_CLASS_TENSOR,
    SummaryMetadata,
)
from tensorboard.summary.writer.record_writer import masked_crc32c
from tensorboard.util.tensor_util import make_tensor_proto

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import (
    CHANNELS_PLUGIN_NAME,
    GRADIENT_COLUMNS,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    METRIC_PREFIX,
    MODEL_COLUMNS,
    PLUGIN_NAME,
    PROBE_COLUMNS,
    PROBE_LAYER_COLUMNS,
)
from tb_bnplugin.schema.facts_json import encode_calls, encode_model, encode_phase
from tb_bnplugin.schema.records import Metadata, Record, create_content, create_tag
from tests.support.histories import create_history


def records_of(history: ModelHistory) -> list[Record]:
    """The records that a history was built from, but those of channels."""
    name = history.facts.name
    first = float(history.wall_times[0]) if len(history.wall_times) else 1000.0
    wall_times = dict(zip(history.steps.tolist(), history.wall_times.tolist(), strict=True))

    def record(kind: Any, step: int, value: Any, **metadata: Any) -> Record:
        return Record(
            metadata=Metadata(kind=kind, model=name, **metadata),
            step=step,
            wall_time=wall_times.get(step, first),
            value=value,
        )

    metrics = () if history.probe is None else history.probe.metrics
    names = (*PROBE_COLUMNS, *(METRIC_PREFIX + metric for metric in metrics))
    facts = replace(history.facts, columns=replace(history.facts.columns, probe=names))
    measured = tuple(loss.facts for loss in history.losses if loss.facts is not None)
    records = [record("model", 0, encode_model(facts))]
    records += [
        record("phase", phase.step, encode_phase(replace(phase, measured_losses=measured)))
        for phase in history.phases
    ]
    if history.calls:
        records.append(record("calls", 1, encode_calls(history.calls)))
    table = _layers_table(history)
    records += [
        record("layers", step, table[index]) for index, step in enumerate(history.steps.tolist())
    ]
    for loss in history.losses:
        for index, step in enumerate(loss.steps.tolist()):
            row = np.array([loss.columns[column][index] for column in LOSS_COLUMNS])
            records.append(record("loss", step, row, name=loss.name))
    if history.probe is not None:
        for index, step in enumerate(history.probe.steps.tolist()):
            rows = np.array(
                [
                    [values[name.removeprefix(METRIC_PREFIX)][index] for name in names]
                    for values in (history.probe.moving, history.probe.batch)
                ]
            )
            records.append(record("probe", step, rows))
    if history.probe_layers is not None:
        probed = [history.probe_layers.columns[column] for column in PROBE_LAYER_COLUMNS]
        for index, step in enumerate(history.probe_layers.steps.tolist()):
            rows = np.stack([values[index] for values in probed], axis=1)
            records.append(record("probe_layers", step, rows))
    for gradient in history.gradients:
        for index, step in enumerate(gradient.steps.tolist()):
            row = np.array([gradient.columns[column][index] for column in GRADIENT_COLUMNS])
            records.append(record("gradient", step, row, name=gradient.name))
    records += [record("epoch", step, np.array(float(epoch))) for epoch, step in history.epochs]
    return records


def channel_records(
    history: ModelHistory, steps: Sequence[int], values: npt.NDArray[np.float32]
) -> list[Record]:
    """Per-channel records; values [records, 4, all channels]."""
    metadata = Metadata(kind="channels", model=history.facts.name)
    return [
        Record(metadata=metadata, step=step, wall_time=1000.0 + step, value=values[index])
        for index, step in enumerate(steps)
    ]


def event_of(record: Record) -> Event:
    """A record as the recorder writes it."""
    channels = record.metadata.kind == "channels"
    return tensor_event(
        create_tag(record.metadata),
        record.step,
        record.wall_time,
        record.value,
        plugin_name=CHANNELS_PLUGIN_NAME if channels else PLUGIN_NAME,
        content=create_content(record.metadata),
    )


def tensor_event(
    tag: str,
    step: int,
    wall_time: float,
    value: Any,
    *,
    plugin_name: str = PLUGIN_NAME,
    content: bytes = b"",
) -> Event:
    """Any tensor summary."""
    metadata = SummaryMetadata(data_class=DATA_CLASS_TENSOR)
    metadata.plugin_data.plugin_name = plugin_name
    metadata.plugin_data.content = content
    event = Event(step=step, wall_time=wall_time)
    event.summary.value.add(tag=tag, metadata=metadata, tensor=make_tensor_proto(value))
    return event


def scalar_event(tag: str, step: int, wall_time: float, value: float) -> Event:
    """A standard scalar, as Keras writes it."""
    metadata = SummaryMetadata(data_class=DATA_CLASS_SCALAR)
    metadata.plugin_data.plugin_name = "scalars"
    event = Event(step=step, wall_time=wall_time)
    tensor = make_tensor_proto(np.float32(value))
    event.summary.value.add(tag=tag, metadata=metadata, tensor=tensor)
    return event


def write_events(
    run: Path, events: Iterable[Event], *, number: int = 1, checksums: bool = True
) -> Path:
    """Writes an event file into the folder of a run.

    Without `checksums` those of the contents are wrong: in Python they take 2.4 ms a record of
    52 layers, and neither `tb-bnplugin check` nor TensorBoard's fast loader looks at them.
    """
    run.mkdir(parents=True, exist_ok=True)
    path = run / f"events.out.tfevents.{number:010}.host.test"
    with path.open("wb") as stream:
        stream.write(_frame(Event(wall_time=1000.0, file_version="brain.Event:2")))
        for event in events:
            stream.write(_frame(event, checksum=checksums))
    return path


def write_history(
    logdir: Path,
    history: ModelHistory,
    extra: Iterable[Event] = (),
    *,
    number: int = 1,
    checksums: bool = True,
) -> Path:
    """Writes all records of a history into its run, and more events after them."""
    events: Iterator[Event] = (event_of(record) for record in records_of(history))
    return write_events(logdir / history.run, [*events, *extra], number=number, checksums=checksums)


def _frame(event: Event, *, checksum: bool = True) -> bytes:
    return frame(event.SerializeToString(), checksum=checksum)


def frame(content: bytes, *, checksum: bool = True) -> bytes:
    """A serialized event as an event file holds it."""
    header = struct.pack("<Q", len(content))
    return b"".join(
        (
            header,
            struct.pack("<I", masked_crc32c(header)),
            content,
            struct.pack("<I", masked_crc32c(content) if checksum else 0),
        )
    )


def _layers_table(history: ModelHistory) -> npt.NDArray[np.float64]:
    """All layers records [records, 1 + layers, columns]."""
    width = max(len(MODEL_COLUMNS), len(LAYER_COLUMNS))
    table = np.full((len(history.steps), 1 + len(history.facts.layers), width), np.nan)
    for index, name in enumerate(history.facts.columns.model):
        table[:, 0, index] = history.model(name)
    for index, name in enumerate(history.facts.columns.layers):
        table[:, 1:, index] = history.layer(name)
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Writes a log of one healthy run.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=52)
    options = parser.parse_args()
    steps = range(1, options.records + 1)
    log = create_history(steps=steps, layers=options.layers)
    print(write_history(options.folder, log, checksums=False))
