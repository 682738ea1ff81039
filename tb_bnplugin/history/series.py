"""The series of a history beside the layers: losses, gradients, probes, epochs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

import numpy as np

from tb_bnplugin.history.bounds import is_step
from tb_bnplugin.history.budget import keep_affordable, keep_first
from tb_bnplugin.history.documents import ModelDocuments
from tb_bnplugin.history.model import (
    Floats,
    GradientHistory,
    LossHistory,
    ProbeHistory,
    ProbeLayers,
    Steps,
)
from tb_bnplugin.history.tables import freeze, keep_tables, read_columns
from tb_bnplugin.schema.columns import (
    GRADIENT_COLUMNS,
    KERAS_LOSSES,
    LOSS_COLUMNS,
    METRIC_PREFIX,
    PROBE_COLUMNS,
    PROBE_LAYER_COLUMNS,
    PROBE_ROWS,
)
from tb_bnplugin.schema.facts import LossFacts, Phase
from tb_bnplugin.schema.records import Record

MOST_LOSSES: Final = 256
"""Of a model. What is made of a loss takes much more memory than its name does in a log."""


def build_losses(
    records: Sequence[Record],
    documents: ModelDocuments,
    phases: Sequence[Phase],
    skipped: Counter[str],
) -> tuple[LossHistory, ...]:
    """The measurements of each loss, by name, with the newest facts of it."""
    facts = {loss.name: loss for phase in phases for loss in phase.measured_losses}
    losses = []
    for name, kept in _by_name(keep_tables(records, 1, "loss", skipped), "losses", skipped):
        names = [documents.columns_at(record.wall_time).loss for record in kept]
        columns = read_columns([record.value for record in kept], names, LOSS_COLUMNS)
        known = facts.get(name)
        losses.append(
            LossHistory(
                name=name,
                facts=None if known is None else _with_keras_class(known, columns),
                steps=_steps(kept),
                columns=columns,
            )
        )
    return tuple(losses)


def build_gradients(
    records: Sequence[Record], documents: ModelDocuments, skipped: Counter[str]
) -> tuple[GradientHistory, ...]:
    """The measured gradient of each loss, by name."""
    gradients = []
    tables = keep_tables(records, 1, "gradient", skipped)
    for name, kept in _by_name(tables, "gradients", skipped):
        names = [documents.columns_at(record.wall_time).gradient for record in kept]
        columns = read_columns([record.value for record in kept], names, GRADIENT_COLUMNS)
        gradients.append(GradientHistory(name=name, steps=_steps(kept), columns=columns))
    return tuple(gradients)


def build_probe(
    records: Sequence[Record], documents: ModelDocuments, skipped: Counter[str]
) -> ProbeHistory | None:
    """The probes of the held batch, None without one."""
    usable = [
        record
        for record in keep_tables(records, 2, "probe", skipped)
        if len(record.value) >= len(PROBE_ROWS)
    ]
    kept = _newest_of_each_step(usable)
    if not kept:
        return None
    names = [documents.columns_at(record.wall_time).probe for record in kept]
    different = {id(written): written for written in names}.values()
    metrics = tuple(
        name for name in dict.fromkeys(chain.from_iterable(different)) if _is_metric(name)
    )
    numbers = len(PROBE_ROWS) * (len(PROBE_COLUMNS) + len(metrics))
    affordable = keep_affordable(kept, numbers, "probe", skipped)
    kept, names = [kept[at] for at in affordable], [names[at] for at in affordable]
    table = read_columns(
        [record.value for record in kept],
        names,
        (*PROBE_COLUMNS, *metrics),
        (len(PROBE_ROWS),),
    )

    def row(name: str) -> dict[str, Floats]:
        at = PROBE_ROWS.index(name)
        return {
            column.removeprefix(METRIC_PREFIX): values[:, at] for column, values in table.items()
        }

    return ProbeHistory(
        steps=_steps(kept),
        moving=row("moving"),
        batch=row("batch"),
        metrics=tuple(name.removeprefix(METRIC_PREFIX) for name in metrics),
    )


def build_probe_layers(
    records: Sequence[Record], documents: ModelDocuments, skipped: Counter[str]
) -> ProbeLayers | None:
    """The measurements of each layer by the probes, None without any."""
    kept = _newest_of_each_step(keep_tables(records, 2, "probe_layers", skipped))
    if not kept:
        return None
    numbers = len(documents.facts.layers) * len(PROBE_LAYER_COLUMNS)
    kept = [kept[at] for at in keep_affordable(kept, numbers, "probe_layers", skipped)]
    names = [documents.columns_at(record.wall_time).probe_layers for record in kept]
    columns = read_columns(
        [record.value for record in kept],
        names,
        PROBE_LAYER_COLUMNS,
        (len(documents.facts.layers),),
    )
    return ProbeLayers(steps=_steps(kept), columns=columns)


def build_epochs(records: Sequence[Record], skipped: Counter[str]) -> tuple[tuple[int, int], ...]:
    """(epoch index, global step at its end), ascending in step."""
    epochs = []
    for record in _newest_of_each_step(records):
        value = np.ravel(np.asarray(record.value))
        if value.dtype.kind in "fiu" and len(value) and is_step(float(value[0])):
            epochs.append((int(value[0]), record.step))
        else:
            skipped["epoch records hold no number of an epoch"] += 1
    return tuple(epochs)


def _is_metric(name: str) -> bool:
    """A column of a compiled metric, other than one that every probe has by that name."""
    return name.startswith(METRIC_PREFIX) and (
        name.removeprefix(METRIC_PREFIX) not in PROBE_COLUMNS
    )


def _with_keras_class(facts: LossFacts, columns: dict[str, Floats]) -> LossFacts:
    """The facts of a loss with the class it was recognised as when it ran.

    A function's class is not known when its step is traced. Left open where records differ.
    """
    candidates = columns.get("candidate", np.zeros(0))
    known = candidates[(candidates >= 0) & (candidates < len(KERAS_LOSSES))]
    classes = {KERAS_LOSSES[int(index)].partition("(")[0] for index in np.unique(known)}
    if facts.keras_class is None and len(classes) == 1:
        return replace(facts, keras_class=classes.pop())
    return facts


def _by_name(
    records: Sequence[Record], what: str, skipped: Counter[str]
) -> Iterator[tuple[str, list[Record]]]:
    names: dict[str, list[Record]] = {}
    for record in records:
        names.setdefault(record.metadata.name, []).append(record)
    for name in keep_first([*names], MOST_LOSSES, what, skipped):
        yield name, _newest_of_each_step(names[name])


def _newest_of_each_step(records: Sequence[Record]) -> list[Record]:
    newest: dict[int, Record] = {}
    for record in sorted(records, key=lambda record: record.wall_time):
        newest[record.step] = record
    return [newest[step] for step in sorted(newest)]


def _steps(records: Sequence[Record]) -> Steps:
    steps = np.array([record.step for record in records], np.int64)
    return np.asarray(freeze(steps), np.int64)
