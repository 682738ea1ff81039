"""Rare columns are written only where something happened, and stand beside all other columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from tb_bnplugin.history import ModelHistory
from tb_bnplugin.history_build import build_run
from tb_bnplugin.schema.metadata import Record
from tb_bnplugin.schema.tables import RARE_COLUMNS
from tests.unit.records import create_layers, create_model, create_record


def build(*records: Record) -> ModelHistory:
    (model,) = build_run("train", [create_model(), *records]).models
    return model


def create_rare(step: int, *, wall_time: float | None = None, **columns: Any) -> Record:
    table = np.zeros((3, len(RARE_COLUMNS)))
    for name, value in columns.items():
        table[:, RARE_COLUMNS.index(name)] = value
    time = 1000.0 + step if wall_time is None else wall_time
    return create_record("rare", table, step=step, wall_time=time)


def first_layer(history: ModelHistory, column: str) -> list[float]:
    values: list[float] = history.layer(column)[:, 0].tolist()
    return values


def test_without_a_record_nothing_rare_happened() -> None:
    history = build(create_layers(1, trainable=1.0), create_layers(2, trainable=0.0))
    assert first_layer(history, "stale_executions") == [0.0, 0.0]
    assert first_layer(history, "trainable_set") == [1.0, 0.0]
    assert np.isnan(history.layer("stale_first_step")).all()


def test_a_value_holds_until_the_next_record() -> None:
    layers = [create_layers(step) for step in (1, 2, 3, 4)]
    history = build(
        *layers, create_rare(2, stale_executions=1.0), create_rare(4, stale_executions=5.0)
    )
    assert first_layer(history, "stale_executions") == [0.0, 1.0, 1.0, 5.0]


def test_a_record_between_two_steps_holds_from_the_later_one() -> None:
    history = build(
        create_layers(1), create_layers(5), create_rare(3, frozen_moves=[1.0, 0.0, 2.0])
    )
    assert history.layer("frozen_moves").tolist() == [[0.0, 0.0, 0.0], [1.0, 0.0, 2.0]]


def test_a_new_process_begins_with_nothing() -> None:
    before = [create_layers(step) for step in (1, 2)]
    after = [create_layers(step, process=9000.0) for step in (3, 4)]
    rare = [create_rare(2, frozen_moves=7.0), create_rare(4, wall_time=9004.0, frozen_moves=1.0)]
    history = build(*before, *after, *rare)
    assert first_layer(history, "frozen_moves") == [0.0, 7.0, 0.0, 1.0]


def test_what_a_restart_repeats_is_dropped() -> None:
    before = [create_layers(step) for step in (1, 2, 3)]
    after = [create_layers(step, process=9000.0) for step in (2, 3)]
    history = build(*before, *after, create_rare(3, frozen_moves=7.0))
    assert first_layer(history, "frozen_moves") == [0.0, 0.0, 0.0]


def test_a_record_that_is_no_table_is_skipped() -> None:
    broken = create_record("rare", b"no table", step=1)
    history = build(create_layers(1), broken)
    assert first_layer(history, "frozen_moves") == [0.0]
    assert any("rare records are no table" in note for note in history.notes)
