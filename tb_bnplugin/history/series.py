"""The series of a history beside the layers: losses, probes, epochs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tb_bnplugin.history.model import Floats, LossHistory, ProbeHistory
from tb_bnplugin.history.order import wall_time_of
from tb_bnplugin.history.tables import freeze, keep_tables, name_columns, stack_tables
from tb_bnplugin.schema.columns import KERAS_LOSSES, LOSS_COLUMNS, PROBE_COLUMNS, PROBE_ROWS
from tb_bnplugin.schema.records import Record


def build_losses(records: Sequence[Record], skipped: Counter[str]) -> tuple[LossHistory, ...]:
    """The measurements of each loss, by name."""
    names: dict[str, list[Record]] = {}
    for record in keep_tables(records, 1, "loss", skipped):
        names.setdefault(record.metadata.name, []).append(record)
    losses = []
    for name, found in names.items():
        kept = _newest_of_each_step(found)
        table = stack_tables([record.value for record in kept], (len(LOSS_COLUMNS),))
        columns = name_columns(LOSS_COLUMNS, LOSS_COLUMNS, table)
        losses.append(
            LossHistory(
                name=name,
                static=_with_keras_class(_static(kept[-1], skipped), columns["candidate"]),
                steps=freeze(np.array([record.step for record in kept], np.int64)),
                columns=columns,
            )
        )
    return tuple(losses)


def build_probe(records: Sequence[Record], skipped: Counter[str]) -> ProbeHistory | None:
    """The probes of the held batch, None without one."""
    usable = [
        record
        for record in keep_tables(records, 2, "probe", skipped)
        if len(record.value) >= len(PROBE_ROWS)
    ]
    kept = _newest_of_each_step(usable)
    if not kept:
        return None
    named = _static(kept[-1], skipped).get("metrics")
    metrics = (
        tuple(name for name in named if isinstance(name, str)) if (isinstance(named, list)) else ()
    )
    names = (*PROBE_COLUMNS, *metrics)
    table = stack_tables([record.value for record in kept], (len(PROBE_ROWS), len(names)))
    return ProbeHistory(
        steps=freeze(np.array([record.step for record in kept], np.int64)),
        moving=name_columns(names, names, table[:, :, PROBE_ROWS.index("moving")]),
        batch=name_columns(names, names, table[:, :, PROBE_ROWS.index("batch")]),
        metrics=metrics,
    )


def build_epochs(records: Sequence[Record], skipped: Counter[str]) -> tuple[tuple[int, int], ...]:
    """(epoch index, global step at its end), ascending in step."""
    epochs = []
    for record in _newest_of_each_step(records):
        value = np.ravel(np.asarray(record.value))
        if value.dtype.kind in "fiu" and len(value) and np.isfinite(value[0]):
            epochs.append((int(value[0]), record.step))
        else:
            skipped["epoch records hold no number"] += 1
    return tuple(epochs)


def _with_keras_class(static: dict[str, Any], candidates: Floats) -> dict[str, Any]:
    """The static facts of a loss with the class it was recognised as when it ran.

    A function's class is not known when its step is traced. Left open where records differ.
    """
    known = candidates[(candidates >= 0) & (candidates < len(KERAS_LOSSES))]
    classes = {KERAS_LOSSES[int(index)].partition("(")[0] for index in np.unique(known)}
    if static.get("keras_class") is None and len(classes) == 1:
        return {**static, "keras_class": classes.pop()}
    return static


def _newest_of_each_step(records: Sequence[Record]) -> list[Record]:
    newest: dict[int, Record] = {}
    for record in sorted(records, key=wall_time_of):
        newest[record.step] = record
    return [newest[step] for step in sorted(newest)]


def _static(record: Record, skipped: Counter[str]) -> dict[str, Any]:
    if not record.metadata.static_json:
        return {}
    try:
        static = json.loads(record.metadata.static_json.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        static = None
    if not isinstance(static, dict):
        skipped[f"{record.metadata.kind} records have unreadable static facts"] += 1
        return {}
    return static
