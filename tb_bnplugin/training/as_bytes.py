"""The pure twins of the ops: a summary as bytes, written nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.losses.measure import measure
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.outputs import check_known, measure_outputs
from tb_bnplugin.schema.records import Kind, Metadata, Record
from tb_bnplugin.training import writer as event_file
from tb_bnplugin.training.recorder import Recorder


def model_to_bytes(recorder: Recorder, step: int) -> bytes:
    """The records of this moment as a summary; the recorder goes on as before."""
    return event_file.to_bytes(recorder.preview(step))


def loss_to_bytes(loss: Any, y_true: Any, y_pred: Any, model: str, options: LossOptions) -> bytes:
    """The measurements of a loss as a summary, with a value for each output."""
    check_known(loss, options.keras)
    measured = measure_outputs(loss, y_true, y_pred, options, measure)
    guard = Guard(model)
    for name, why in measured.skipped.items():
        guard.note("losses", name, why)
    return to_bytes("loss", {facts.name: vector for vector, facts in measured.found}, model=model)


def to_bytes(kind: Kind, values: Mapping[str, Any], *, model: str) -> bytes:
    """Records as a summary. `values`: by name, which is "" where the kind has none."""
    return event_file.to_bytes(
        [
            Record(
                metadata=Metadata(kind=kind, model=model, name=name),
                step=0,
                wall_time=0.0,
                value=value,
            )
            for name, value in values.items()
        ]
    )
