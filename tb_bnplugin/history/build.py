"""Builds the history of a run from its records, whatever state they are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from tb_bnplugin.history.bounds import is_step, keep_possible, possible_time
from tb_bnplugin.history.budget import keep_affordable, keep_first
from tb_bnplugin.history.documents import (
    ModelDocuments,
    read_ledger,
    read_model_documents,
    read_phases,
    read_recalibrations,
    read_twins,
    shorten,
)
from tb_bnplugin.history.events import build_events
from tb_bnplugin.history.model import (
    ChannelHistory,
    Floats,
    ModelFacts,
    ModelHistory,
    Results,
    RunHistory,
    Steps,
)
from tb_bnplugin.history.order import (
    Order,
    count_beside,
    drop_superseded,
    order_records,
    repeated_note,
    superseded_note,
)
from tb_bnplugin.history.recalibrated import recalibrated_columns
from tb_bnplugin.history.series import (
    build_epochs,
    build_gradients,
    build_losses,
    build_probe,
    build_probe_layers,
)
from tb_bnplugin.history.tables import freeze, is_table, keep_tables, read_columns
from tb_bnplugin.schema.columns import CHANNEL_ROWS, EVENT_COLUMNS, LAYER_COLUMNS, MODEL_COLUMNS
from tb_bnplugin.schema.records import Kind, Record

WRITES_BESIDE: Final = (
    "layers records of a process that wrote while a newer one wrote to the same folder: give each"
    " process a folder of its own"
)

MOST_MODELS: Final = 256
"""Of a run. What is made of a model takes much more memory than its name does in a log."""


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
    for record in _possible(records, skipped):
        models.setdefault(record.metadata.model, []).append(record)
    started = {name: min(record.wall_time for record in models[name]) for name in models}
    built = []
    results = {}
    names = sorted(models, key=lambda name: (started[name], name))
    for name in keep_first(names, MOST_MODELS, "models", skipped):
        made = _build_model(run, name, models[name], skipped)
        if made is not None:
            model, results[name] = made
            built.append(model)
    return RunHistory(
        run=run, models=tuple(built), notes=(*notes, *_lines(skipped)), results=results
    )


def build_channels(facts: ModelFacts, records: Iterable[Record], layer: int) -> ChannelHistory:
    """The per-channel vectors of one layer, from the records of the kind "channels".

    Records too short to hold the layer are left out.
    """
    begin = sum(row.channels or 0 for row in facts.layers[:layer])
    end = begin + (facts.layers[layer].channels or 0)
    kept = [
        (record, record.value)
        for record in _possible(records, Counter())
        if is_table(record.value, rank=2)
        and record.value.shape[0] == len(CHANNEL_ROWS)
        and record.value.shape[1] >= end
    ]
    order = order_records(
        np.array([record.step for record, _ in kept], np.int64),
        np.array([record.wall_time for record, _ in kept], np.float64),
        np.full(len(kept), np.nan),
    )
    values = np.full((len(order.kept), len(CHANNEL_ROWS), end - begin), np.nan, np.float32)
    with np.errstate(all="ignore"):  # of what float32 cannot hold
        for position, index in enumerate(order.kept):
            values[position] = kept[index][1][:, begin:end]
    steps = np.array([kept[index][0].step for index in order.kept], np.int64)
    return ChannelHistory(steps=freeze(steps), values=freeze(values))


def _build_model(
    run: str, name: str, records: Sequence[Record], skipped: Counter[str]
) -> tuple[ModelHistory, Results] | None:
    kinds: dict[Kind, list[Record]] = {}
    for record in records:
        kinds.setdefault(record.metadata.kind, []).append(record)
    own: Counter[str] = Counter()
    documents = read_model_documents(kinds.get("model", ()), own)
    if documents is None:
        reasons = "; ".join(own)
        skipped[
            f"records of model {shorten(name)} have no readable model record beside them"
            + (f": {reasons}" if reasons else "")
        ] += len(records)
        return None

    def given(kind: Kind) -> list[Record]:
        return drop_superseded(order, kinds.get(kind, ()))

    order, steps, wall_times, model_columns, layer_columns = _layers(
        kinds.get("layers", ()), documents, own
    )
    phases = read_phases(given("phase"), own)
    layer_columns |= build_events(
        given("events"),
        documents,
        steps,
        model_columns.get("process_started", np.full(len(steps), np.nan)),
        layer_columns.get("trainable", np.ones((len(steps), len(documents.facts.layers)))),
        own,
    )
    results = Results(
        recalibrations=read_recalibrations(given("recalibration"), own),
        twins=read_twins(given("twin"), own),
    )
    layer_columns |= recalibrated_columns(results.recalibrations, documents.facts.layers, steps)
    history = ModelHistory(
        run=run,
        facts=documents.facts,
        phases=phases,
        calls=read_ledger(kinds.get("calls", ()), len(documents.facts.layers), own),
        steps=steps,
        wall_times=wall_times,
        model_columns=model_columns,
        layer_columns=layer_columns,
        losses=build_losses(given("loss"), documents, phases, own),
        gradients=build_gradients(given("gradient"), documents, own),
        probe=build_probe(given("probe"), documents, own),
        probe_layers=build_probe_layers(given("probe_layers"), documents, own),
        epochs=build_epochs(given("epoch"), own),
        records_made=_records_made(model_columns, order),
        notes=(
            *_lines(own),
            *(() if WRITES_BESIDE in own else superseded_note(order)),
            *repeated_note(order),
        ),
    )
    return history, results


def _layers(
    records: Sequence[Record], documents: ModelDocuments, skipped: Counter[str]
) -> tuple[Order, Steps, Floats, dict[str, Floats], dict[str, Floats]]:
    """The order of the layers records, their steps and times, model-wide and layer columns."""
    usable = keep_tables(records, 2, "layers", skipped)
    process = MODEL_COLUMNS.index("process_started")  # of every version
    started = np.array([_cell(record.value, process) for record in usable], np.float64)
    written_at = np.array([record.wall_time for record in usable], np.float64)
    order = order_records(
        np.array([record.step for record in usable], np.int64),
        written_at,
        keep_possible("process_started", started),
    )
    if beside := count_beside(order, started, written_at):
        skipped[WRITES_BESIDE] = beside
    kept = [usable[index] for index in order.kept]
    numbers = _numbers_of_a_record(len(documents.facts.layers))
    affordable = keep_affordable(kept, numbers, "layers", skipped)
    if len(affordable) < len(kept):
        kept = [kept[at] for at in affordable]
        order = replace(order, kept=order.kept[affordable], process=order.process[affordable])
    written = [documents.columns_at(float(order.starts[at])) for at in order.process.tolist()]
    model_columns = read_columns(
        [record.value[0] for record in kept], [each.model for each in written], MODEL_COLUMNS
    )
    layer_columns = read_columns(
        [record.value[1:] for record in kept],
        [each.layers for each in written],
        LAYER_COLUMNS,
        (len(documents.facts.layers),),
    )
    steps = np.array([record.step for record in kept], np.int64)
    wall_times = np.array([record.wall_time for record in kept], np.float64)
    return order, freeze(steps), freeze(wall_times), model_columns, layer_columns


def _numbers_of_a_record(layers: int) -> int:
    """Numbers of a layers record in the history, with the events that are put beside it."""
    return layers * (len(LAYER_COLUMNS) + len(EVENT_COLUMNS)) + len(MODEL_COLUMNS)


def _possible(records: Iterable[Record], skipped: Counter[str]) -> Iterator[Record]:
    """The records at a step that can be, each at a time that can be."""
    for record in records:
        if not is_step(record.step):
            skipped["records have a step that none can have"] += 1
            continue
        wall_time = possible_time(record.wall_time)
        yield record if wall_time == record.wall_time else replace(record, wall_time=wall_time)


def _records_made(model_columns: Mapping[str, Floats], order: Order) -> int:
    """How many records the recorder made of what is shown.

    For each process the largest ordinal among its records that are kept, less the records
    of the same step that a newer one replaced; never below the number of records given.
    """
    ordinals = model_columns.get("record")
    if ordinals is None or not len(ordinals):
        return len(order.kept)
    known = np.nan_to_num(ordinals)
    begins = np.flatnonzero(np.r_[True, order.process[1:] != order.process[:-1]])
    largest = np.maximum.reduceat(known, begins)
    made = float(largest.sum()) - order.replaced
    return max(int(made), len(order.kept))


def _cell(value: Any, column: int) -> float:
    return float(value[0, column]) if column < value.shape[1] else np.nan


def _lines(skipped: Counter[str]) -> list[str]:
    return [f"skipped {count}: {what}" for what, count in skipped.items()]
