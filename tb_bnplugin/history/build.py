"""Builds the history of a run from its records, whatever state they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from tb_bnplugin.history.events import build_events
from tb_bnplugin.history.model import (
    ChannelHistory,
    Floats,
    ModelHistory,
    RunHistory,
    Steps,
)
from tb_bnplugin.history.order import Order, drop_superseded, order_records, wall_time_of
from tb_bnplugin.history.series import build_epochs, build_losses, build_probe
from tb_bnplugin.history.tables import (
    freeze,
    is_table,
    keep_tables,
    name_columns,
    stack_tables,
)
from tb_bnplugin.schema.columns import (
    CHANNEL_ROWS,
    LAYER_COLUMNS,
    MODEL_COLUMNS,
)
from tb_bnplugin.schema.facts import FactsError, ModelFacts, parse_calls, parse_model
from tb_bnplugin.schema.records import Kind, Record

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
    started = {name: min(wall_time_of(record) for record in models[name]) for name in models}
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
        np.array([wall_time_of(record) for record, _ in kept], np.float64),
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
    unknown = np.full(len(steps), np.nan)
    layer_columns |= build_events(
        drop_superseded(order, kinds.get("events", ())),
        facts,
        steps,
        model_columns.get("process_started", unknown),
        layer_columns.get("trainable", np.ones((len(steps), len(facts.layers)))),
        own,
    )
    return ModelHistory(
        run=run,
        facts=facts,
        calls=_newest(kinds.get("calls", ()), parse_calls, own) or (),
        steps=steps,
        wall_times=wall_times,
        model_columns=model_columns,
        layer_columns=layer_columns,
        losses=build_losses(drop_superseded(order, kinds.get("loss", ())), own),
        probe=build_probe(drop_superseded(order, kinds.get("probe", ())), own),
        epochs=build_epochs(drop_superseded(order, kinds.get("epoch", ())), own),
        records_made=_records_made(model_columns, order),
        notes=tuple(_lines(own)),
    )


def _newest(
    records: Sequence[Record], parse: Callable[[bytes], _Document], skipped: Counter[str]
) -> _Document | None:
    """The newest document that can be read."""
    for record in sorted(records, key=wall_time_of, reverse=True):
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
    usable = keep_tables(records, 2, "layers", skipped)
    process = (
        facts.model_columns.index("process_started")
        if ("process_started" in facts.model_columns)
        else None
    )
    order = order_records(
        np.array([record.step for record in usable], np.int64),
        np.array([wall_time_of(record) for record in usable], np.float64),
        np.array([_cell(record.value, process) for record in usable], np.float64),
    )
    kept = [usable[index] for index in order.kept]
    width = max(len(facts.model_columns), len(facts.layer_columns))
    table = stack_tables([record.value for record in kept], (1 + len(facts.layers), width))
    steps = np.array([record.step for record in kept], np.int64)
    wall_times = np.array([wall_time_of(record) for record in kept], np.float64)
    return order, freeze(steps), freeze(wall_times), table


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


def _cell(value: Any, column: int | None) -> float:
    return float(value[0, column]) if column is not None and column < value.shape[1] else np.nan


def _lines(skipped: Counter[str]) -> list[str]:
    return [f"skipped {count}: {what}" for what, count in skipped.items()]


def _shown(text: str) -> str:
    """A text of a log, short and on one line."""
    printable = "".join(char if char.isprintable() else "?" for char in text[:80])
    return printable + ("..." if len(text) > 80 else "")
