"""Columns go by the names that the writing process gave, also where versions or metrics differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import LAYER_COLUMNS, MODEL_COLUMNS, PROBE_COLUMNS
from tb_bnplugin.schema.facts import Columns
from tb_bnplugin.schema.records import Record
from tests.support.records import THREE_LAYERS, create_layers, create_model, create_record

WIDTH = len(PROBE_COLUMNS)


def model_document(probe: tuple[str, ...], process: float) -> Record:
    facts = replace(THREE_LAYERS, process_started=process, columns=Columns(probe=probe))
    return create_model(facts, wall_time=process)


def probe_record(values: list[float], step: int, wall_time: float) -> Record:
    return create_record("probe", np.array([values, values]), step=step, wall_time=wall_time)


def build(*records: Record) -> ModelHistory:
    (model,) = build_run("train", records).models
    return model


def test_a_probe_column_appended_by_a_newer_version_leaves_an_older_log_as_it_was() -> None:
    # The older process wrote a metric where the newer one has a column of its own.
    older = (*PROBE_COLUMNS, "metric:auc")
    newer = (*PROBE_COLUMNS, "from_a_newer_version", "metric:auc")
    common = [0.5] * WIDTH
    history = build(
        model_document(older, 1000.0),
        probe_record([*common, 0.7], 1, 1001.0),
        model_document(newer, 2000.0),
        create_layers(2, process=2000.0),
        probe_record([*common, 9.0, 0.8], 2, 2001.0),
    )
    assert history.probe is not None
    assert history.probe.moving["auc"].tolist() == [0.7, 0.8]
    assert "from_a_newer_version" not in history.probe.moving


def test_metrics_of_two_compiles_keep_their_names() -> None:
    # "mae" came with the second compile of one process, which appended its column.
    columns = (*PROBE_COLUMNS, "metric:auc", "metric:mae")
    common = [0.5] * WIDTH
    history = build(
        model_document((*PROBE_COLUMNS, "metric:auc"), 1000.0),
        probe_record([*common, 0.7], 1, 1001.0),
        replace(model_document(columns, 1000.0), wall_time=1002.0),
        probe_record([*common, np.nan, 0.2], 2, 1003.0),
    )
    assert history.probe is not None
    assert history.probe.metrics == ("auc", "mae")
    np.testing.assert_array_equal(history.probe.moving["auc"], [0.7, np.nan])
    np.testing.assert_array_equal(history.probe.moving["mae"], [np.nan, 0.2])


def test_layer_columns_go_by_the_process_that_wrote_them() -> None:
    turned = replace(
        THREE_LAYERS,
        process_started=1000.0,
        columns=Columns(layers=(*LAYER_COLUMNS[1:], LAYER_COLUMNS[0]), model=MODEL_COLUMNS),
    )
    record = create_layers(1, process=1000.0, training_tape=7.0)
    table = np.array(record.value)
    table[1:] = np.roll(table[1:, : len(LAYER_COLUMNS)], -1, axis=1)
    history = build(
        create_model(turned, wall_time=1000.0),
        replace(record, value=table),
        create_model(replace(THREE_LAYERS, process_started=2000.0), wall_time=2000.0),
        create_layers(2, process=2000.0, training_tape=9.0),
    )
    assert history.layer("training_tape")[:, 0].tolist() == [7.0, 9.0]


def test_there_is_room_for_gradients_and_for_layers_in_a_probe() -> None:
    history = build(
        model_document(PROBE_COLUMNS, 1000.0),
        create_record("gradient", np.array([10.0, 1.0, 16.0]), step=3, name="loss"),
        create_record("probe_layers", np.arange(12.0).reshape(3, 4), step=4),
    )
    (gradient,) = history.gradients
    assert (gradient.name, gradient.columns["factor"].tolist()) == ("loss", [10.0])
    assert history.probe_layers is not None
    assert history.probe_layers.columns["batch_variance"].tolist() == [[1.0, 5.0, 9.0]]
