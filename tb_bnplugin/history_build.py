"""Builds the history of a run from its records, whatever state they are in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from tb_bnplugin.history import (
    ChannelHistory,
    Floats,
    LossHistory,
    ModelHistory,
    ProbeHistory,
    RunHistory,
    Steps,
)
from tb_bnplugin.history_order import Order, drop_superseded, order_records
from tb_bnplugin.history_tables import freeze, is_table, name_columns, stack_tables
from tb_bnplugin.schema.facts import FactsError, ModelFacts, parse_calls, parse_model
from tb_bnplugin.schema.metadata import Kind, Record
from tb_bnplugin.schema.tables import (
    CHANNEL_ROWS,
    KERAS_LOSSES,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    MODEL_COLUMNS,
    PROBE_COLUMNS,
    PROBE_ROWS,
)

_Document = TypeVar("_Document")


def build_run(run: str, records: Iterable[Record], notes: Iterable[str] = ()) -> RunHistory:
    """The history of one run.

    Args:
        run: Name of the run.
        records: All records of the run, in any order, of any number of models. Records of
            the kind "channels" are left out; `build_channels` reads them.
        notes: What was skipped before, one line each.

    Returns:
        Its models, the one recorded first in front. What cannot be used is left out, with
        one line in the notes. Arrays are read-only.
    """
    models: dict[str, list[Record]] = {}
    skipped: Counter[str] = Counter()
    for record in records:
        if abs(record.step) >= 2**62:
            skipped["records have a step beyond 64 bits"] += 1
        else:
            models.setdefault(record.metadata.model, []).append(record)
    started = {name: min(_wall_time(record) for record in models[name]) for name in models}
    built = []
    for name in sorted(models, key=lambda name: (started[name], name)):
        model = _build_model(run, name, models[name], skipped)
        if model is not None:
            built.append(model)
    return RunHistory(run=run, models=tuple(built), notes=(*notes, *_lines(skipped)))


def build_channels(facts: ModelFacts, records: Iterable[Record], layer: int) -> ChannelHistory:
    """The per-channel vectors of one layer, from the records of the kind "channels".

    Records too short to hold the layer are left out.
    """
    begin = sum(row.channels or 0 for row in facts.layers[:layer])
    end = begin + (facts.layers[layer].channels or 0)
    kept = [
        (record, record.value)
        for record in records
        if is_table(record.value, rank=2)
        and record.value.shape[0] == len(CHANNEL_ROWS)
        and record.value.shape[1] >= end
    ]
    order = order_records(
        np.array([record.step for record, _ in kept], np.int64),
        np.array([_wall_time(record) for record, _ in kept], np.float64),
        np.full(len(kept), np.nan),
    )
    values = np.full((len(order.kept), len(CHANNEL_ROWS), end - begin), np.nan, np.float32)
    for position, index in enumerate(order.kept):
        values[position] = kept[index][1][:, begin:end]
    steps = np.array([kept[index][0].step for index in order.kept], np.int64)
    return ChannelHistory(steps=freeze(steps), values=freeze(values))


def _build_model(
    run: str, name: str, records: Sequence[Record], skipped: Counter[str]
) -> ModelHistory | None:
    kinds: dict[Kind, list[Record]] = {}
    for record in records:
        kinds.setdefault(record.metadata.kind, []).append(record)
    own: Counter[str] = Counter()
    facts = _newest(kinds.get("model", ()), parse_model, own)
    if facts is None:
        skipped[f"records of model {_shown(name)} have no readable model record beside them"] += (
            len(records)
        )
        return None
    order, steps, wall_times, table = _layers(kinds.get("layers", ()), facts, own)
    model_columns = name_columns(facts.model_columns, MODEL_COLUMNS, table[:, :, 0])
    layer_columns = name_columns(facts.layer_columns, LAYER_COLUMNS, table[:, :, 1:])
    return ModelHistory(
        run=run,
        facts=facts,
        calls=_newest(kinds.get("calls", ()), parse_calls, own) or (),
        steps=steps,
        wall_times=wall_times,
        model_columns=model_columns,
        layer_columns=layer_columns,
        losses=_losses(drop_superseded(order, kinds.get("loss", ())), own),
        probe=_probe(drop_superseded(order, kinds.get("probe", ())), own),
        epochs=_epochs(drop_superseded(order, kinds.get("epoch", ())), own),
        records_made=_records_made(model_columns, order),
        notes=tuple(_lines(own)),
    )


def _newest(
    records: Sequence[Record], parse: Callable[[bytes], _Document], skipped: Counter[str]
) -> _Document | None:
    """The newest document that can be read."""
    for record in sorted(records, key=_wall_time, reverse=True):
        if not isinstance(record.value, bytes):
            skipped[f"{record.metadata.kind} records hold no JSON document"] += 1
            continue
        try:
            return parse(record.value)
        except FactsError as error:  # a few documents a run
            skipped[f"{record.metadata.kind} records cannot be read ({_shown(str(error))})"] += 1
    return None


def _layers(
    records: Sequence[Record], facts: ModelFacts, skipped: Counter[str]
) -> tuple[Order, Steps, Floats, Floats]:
    """The order of the layers records, and their table [columns, records, 1 + layers]."""
    usable = _usable(records, 2, "layers", skipped)
    process = (
        facts.model_columns.index("process_started")
        if ("process_started" in facts.model_columns)
        else None
    )
    order = order_records(
        np.array([record.step for record in usable], np.int64),
        np.array([_wall_time(record) for record in usable], np.float64),
        np.array([_cell(record.value, process) for record in usable], np.float64),
    )
    kept = [usable[index] for index in order.kept]
    width = max(len(facts.model_columns), len(facts.layer_columns))
    table = stack_tables([record.value for record in kept], (1 + len(facts.layers), width))
    steps = np.array([record.step for record in kept], np.int64)
    wall_times = np.array([_wall_time(record) for record in kept], np.float64)
    return order, freeze(steps), freeze(wall_times), table


def _losses(records: Sequence[Record], skipped: Counter[str]) -> tuple[LossHistory, ...]:
    names: dict[str, list[Record]] = {}
    for record in _usable(records, 1, "loss", skipped):
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


def _with_keras_class(static: dict[str, Any], candidates: Floats) -> dict[str, Any]:
    """The static facts of a loss with the class it was recognised as when it ran.

    A function's class is not known when its step is traced. Left open where records differ.
    """
    known = candidates[(candidates >= 0) & (candidates < len(KERAS_LOSSES))]
    classes = {KERAS_LOSSES[int(index)].partition("(")[0] for index in np.unique(known)}
    if static.get("keras_class") is None and len(classes) == 1:
        return {**static, "keras_class": classes.pop()}
    return static


def _probe(records: Sequence[Record], skipped: Counter[str]) -> ProbeHistory | None:
    usable = [
        record
        for record in _usable(records, 2, "probe", skipped)
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


def _epochs(records: Sequence[Record], skipped: Counter[str]) -> tuple[tuple[int, int], ...]:
    epochs = []
    for record in _newest_of_each_step(records):
        value = np.ravel(np.asarray(record.value))
        if value.dtype.kind in "fiu" and len(value) and np.isfinite(value[0]):
            epochs.append((int(value[0]), record.step))
        else:
            skipped["epoch records hold no number"] += 1
    return tuple(epochs)


def _records_made(model_columns: Mapping[str, Floats], order: Order) -> int:
    """How many records the recorder made of what is shown.

    For each process the largest ordinal among its records that are kept, less the records
    of the same step that a newer one replaced; never below the number of records given.
    """
    ordinals = model_columns.get("record")
    if ordinals is None or not len(ordinals):
        return len(order.kept)
    known = np.where((ordinals >= 0) & (ordinals < 2.0**53), ordinals, 0.0)
    begins = np.flatnonzero(np.r_[True, order.process[1:] != order.process[:-1]])
    largest = np.maximum.reduceat(known, begins)
    made = float(largest.sum()) - order.replaced
    return max(int(made), len(order.kept))


def _usable(
    records: Sequence[Record], rank: int, kind: Kind, skipped: Counter[str]
) -> list[Record]:
    usable = [record for record in records if is_table(record.value, rank=rank)]
    if len(usable) < len(records):
        skipped[f"{kind} records are no table of numbers of rank {rank}"] += len(records) - len(
            usable
        )
    return usable


def _newest_of_each_step(records: Sequence[Record]) -> list[Record]:
    newest: dict[int, Record] = {}
    for record in sorted(records, key=_wall_time):
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


def _cell(value: Any, column: int | None) -> float:
    return float(value[0, column]) if column is not None and column < value.shape[1] else np.nan


def _wall_time(record: Record) -> float:
    return float(record.wall_time) if np.isfinite(record.wall_time) else 0.0


def _lines(skipped: Counter[str]) -> list[str]:
    return [f"skipped {count}: {what}" for what, count in skipped.items()]


def _shown(text: str) -> str:
    """A text of a log, short and on one line."""
    printable = "".join(char if char.isprintable() else "?" for char in text[:80])
    return printable + ("..." if len(text) > 80 else "")
