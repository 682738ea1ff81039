"""What was written to a log folder, read back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.logs.folder import LogFolder


@dataclass(frozen=True, kw_only=True)
class Event:
    """One summary of an event file."""

    tag: str
    step: int
    value: Any  # numpy array
    size: int  # bytes in the file, its frame included


def read(folder: Path) -> dict[str, RunHistory]:
    """The runs of a log folder, through TensorBoard's own code."""
    log = LogFolder(str(folder))
    runs = {}
    for name, listing in log.list_runs().items():
        records, notes = log.read_records(listing)
        assert not notes
        runs[name] = build_run(name, records, listing.notes)
    return runs


def read_model(folder: Path, run: str = "batch_norm") -> ModelHistory:
    """The one model of a run."""
    (model,) = read(folder)[run].models
    return model


def read_events(folder: Path) -> list[Event]:
    """The summaries in the event files of one run folder, in the order written."""
    found = []
    for file in sorted(folder.glob("*.tfevents*")):
        for raw in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(raw)
            for value in event.summary.value:
                tensor = np.asarray(tf.make_ndarray(value.tensor))
                # a frame is a length and two checksums
                found.append(
                    Event(tag=value.tag, step=event.step, value=tensor, size=len(raw) + 16)
                )
    return found


def create(folder: Any, **how: Any) -> Any:
    """A callback that keeps quiet, unless told otherwise."""
    return tb_bnplugin.BatchNormCallback(folder, **({"on_finding": "ignore"} | how))
