"""A history takes memory in proportion to the bytes of its log, whatever the log names."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from tb_bnplugin.history.budget import keep_affordable
from tb_bnplugin.history.build import MOST_MODELS, build_run
from tb_bnplugin.history.series import MOST_LOSSES
from tb_bnplugin.schema.columns import EVENT_COLUMNS, PROBE_COLUMNS
from tests.support.histories import LAYER, PHASE
from tests.support.records import (
    THREE_LAYERS,
    create_layers,
    create_model,
    create_phase,
    create_record,
)

MANY_LAYERS = replace(
    THREE_LAYERS, layers=tuple(replace(LAYER, path=f"bn_{at}") for at in range(2000))
)


def test_all_records_with_whole_tables_stay() -> None:
    skipped: Counter[str] = Counter()
    records = [create_record("layers", np.ones((4, 10)), step=step) for step in range(100)]
    assert list(keep_affordable(records, 40, "layers", skipped)) == [*range(100)]
    assert not skipped


def test_first_and_last_stay_and_the_rest_is_spread_evenly() -> None:
    skipped: Counter[str] = Counter()
    records = [create_record("layers", np.ones((1, 1)), step=step) for step in range(101)]
    kept = keep_affordable(records, 80, "layers", skipped)
    assert list(kept) == [0, 11, 22, 33, 44, 55, 66, 77, 88, 100]
    assert sum(skipped.values()) == 91


def test_tables_of_one_cell_for_thousands_of_layers() -> None:
    records = [create_record("layers", np.ones((1, 1)), step=step) for step in range(1, 3001)]
    (model,) = build_run("train", [create_model(MANY_LAYERS), *records]).models
    assert (model.steps[0], model.steps[-1]) == (1, 3000)
    assert sum(column.nbytes for column in model.layer_columns.values()) < 2e6
    assert "2998: layers records, evenly spaced" in model.notes[0]


def test_the_newest_process_is_told_from_the_one_before_though_records_are_left_out() -> None:
    table = np.array([[1000.0]])
    records = [create_record("layers", table, step=step) for step in range(1, 3001)]
    records += [create_record("layers", table + 1000.0, step=step) for step in range(3001, 4001)]
    (model,) = build_run("train", [create_model(MANY_LAYERS), *records]).models
    assert model.steps.tolist() == [1, 4000]
    assert model.newest_process().steps.tolist() == [4000]
    assert model.records_made == 2


def test_layers_that_come_late_leave_all_records() -> None:
    early = [create_layers(step, layers=1, training_tape=step) for step in range(1, 101)]
    late = create_layers(101, training_tape=101)
    (model,) = build_run("train", [create_model(), *early, late]).models
    assert model.steps.tolist() == [*range(1, 102)]
    assert not model.notes


def test_events_and_probes_of_one_cell() -> None:
    names = tuple(f"metric:{at}" for at in range(3000))
    facts = replace(
        MANY_LAYERS, columns=replace(MANY_LAYERS.columns, probe=(*PROBE_COLUMNS, *names))
    )
    cells = [create_record("events", np.ones((1, 1)), step=step) for step in range(1, 2001)]
    cells += [create_record("probe", np.ones((2, 1)), step=step) for step in range(1, 2001)]
    cells += [create_record("probe_layers", np.ones((1, 1)), step=step) for step in range(1, 2001)]
    (model,) = build_run("train", [create_model(facts), create_layers(1), *cells]).models
    assert model.probe is not None
    assert model.probe_layers is not None
    assert len(model.probe.steps) < 100
    assert len(model.probe_layers.steps) < 100
    assert model.layer(EVENT_COLUMNS[0])[0, 0] == 1.0
    assert len(model.notes) == 3


def test_names_without_end_of_losses_and_models() -> None:
    losses = [create_record("loss", np.ones(1), name=f"loss_{at}") for at in range(1000)]
    models = [create_model(model=f"model_{at}", wall_time=2000.0 + at) for at in range(1000)]
    run = build_run("train", [create_model(), *losses, *models])
    assert len(run.models) == MOST_MODELS
    assert run.notes == (f"skipped {1001 - MOST_MODELS}: models beyond the first {MOST_MODELS}",)
    assert run.models[0].facts.name == "model"
    assert len(run.models[0].losses) == MOST_LOSSES


def test_columns_without_end() -> None:
    columns = replace(THREE_LAYERS.columns, layers=("trainable",) * 50_000)
    facts = replace(THREE_LAYERS, columns=columns)
    records = [create_layers(step) for step in range(1, 301)]
    (model,) = build_run("train", [create_model(facts), *records]).models
    assert model.layer("trainable").shape == (300, 3)


def test_phases_without_end_keep_their_order() -> None:
    phases = [create_phase(replace(PHASE, number=at), step=at) for at in range(3000, 0, -1)]
    (model,) = build_run("train", [create_model(), *phases]).models
    assert [phase.number for phase in model.phases] == [*range(1, 3001)]
