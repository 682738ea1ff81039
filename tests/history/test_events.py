"""Rare columns are written only where something happened, and stand beside all other columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import EVENT_COLUMNS
from tb_bnplugin.schema.records import Record
from tests.support.records import create_layers, create_model, create_record


def build(*records: Record) -> ModelHistory:
    (model,) = build_run("train", [create_model(), *records]).models
    return model


def create_rare(step: int, *, wall_time: float | None = None, **columns: Any) -> Record:
    table = np.zeros((3, len(EVENT_COLUMNS)))
    for name, value in columns.items():
        table[:, EVENT_COLUMNS.index(name)] = value
    time = 1000.0 + step if wall_time is None else wall_time
    return create_record("events", table, step=step, wall_time=time)


def first_layer(history: ModelHistory, column: str) -> list[float]:
    values: list[float] = history.layer(column)[:, 0].tolist()
    return values


def test_without_a_record_nothing_rare_happened() -> None:
    history = build(create_layers(1, trainable=1.0), create_layers(2, trainable=0.0))
    assert first_layer(history, "trainable_ignored") == [0.0, 0.0]
    assert first_layer(history, "trainable_as_set") == [1.0, 0.0]
    assert np.isnan(history.layer("trainable_ignored_first_step")).all()


def test_a_value_holds_until_the_next_record() -> None:
    layers = [create_layers(step) for step in (1, 2, 3, 4)]
    history = build(
        *layers, create_rare(2, trainable_ignored=1.0), create_rare(4, trainable_ignored=5.0)
    )
    assert first_layer(history, "trainable_ignored") == [0.0, 1.0, 1.0, 5.0]


def test_a_record_between_two_steps_holds_from_the_later_one() -> None:
    history = build(
        create_layers(1), create_layers(5), create_rare(3, frozen_updates=[1.0, 0.0, 2.0])
    )
    assert history.layer("frozen_updates").tolist() == [[0.0, 0.0, 0.0], [1.0, 0.0, 2.0]]


def test_a_new_process_begins_with_nothing() -> None:
    before = [create_layers(step) for step in (1, 2)]
    after = [create_layers(step, process=9000.0) for step in (3, 4)]
    rare = [
        create_rare(2, frozen_updates=7.0),
        create_rare(4, wall_time=9004.0, frozen_updates=1.0),
    ]
    history = build(*before, *after, *rare)
    assert first_layer(history, "frozen_updates") == [0.0, 7.0, 0.0, 1.0]


def test_what_a_restart_repeats_is_dropped() -> None:
    before = [create_layers(step) for step in (1, 2, 3)]
    after = [create_layers(step, process=9000.0) for step in (2, 3)]
    history = build(*before, *after, create_rare(3, frozen_updates=7.0))
    assert first_layer(history, "frozen_updates") == [0.0, 0.0, 0.0]


def test_a_record_that_is_no_table_is_skipped() -> None:
    broken = create_record("events", b"no table", step=1)
    history = build(create_layers(1), broken)
    assert first_layer(history, "frozen_updates") == [0.0]
    assert any("events records are no table" in note for note in history.notes)
