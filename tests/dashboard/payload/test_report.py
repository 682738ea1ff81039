from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload import report as payload
from tb_bnplugin.dashboard.payload.columns import HEATMAP_COLUMNS, column
from tb_bnplugin.dashboard.payload.layer import layer_payload
from tb_bnplugin.dashboard.payload.outcomes import outcome
from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.diagnose.outcome import Severity, Status
from tb_bnplugin.history.model import ChannelHistory, ModelHistory, RunHistory
from tb_bnplugin.schema.columns import PROBE_LAYER_COLUMNS
from tests.dashboard.validate import validate
from tests.support.histories import (
    create_history,
    create_probe,
    create_probe_layers,
    inference_columns,
)


def report(history: ModelHistory) -> Json:
    run = RunHistory(run=history.run, models=(history,))
    return payload.report(run, history, diagnose(history))


@pytest.mark.parametrize(
    "history",
    [
        create_history(),
        create_history(steps=[], layers=2),
        create_history(layers=0),
        create_history(columns=inference_columns()),
        create_history(probe=create_probe(0.0, 1.0)),
        create_history(columns={"moving_mean": np.nan, "moving_variance": np.inf}),
        create_history(layer_facts={"channels": None, "momentum": None, "start": "unbuilt"}),
    ],
    ids=["healthy", "no record", "no layer", "inference", "probe", "not finite", "unbuilt"],
)
def test_report_matches_the_schema(history: ModelHistory) -> None:
    answer = report(history)
    validate(json.loads(json.dumps(answer, allow_nan=False)), "Report")


def test_modes_of_a_layer_cover_every_record() -> None:
    for layer in report(create_history())["layers"]:
        assert sum(layer["modes"][1::2]) == 50


def test_executions_that_are_zero_are_left_out() -> None:
    columns = {"inference_evaluate": np.arange(50.0)}
    layer = report(create_history(columns=columns))["layers"][0]
    assert layer["executions"] == {"training_tape": 50, "inference_evaluate": 49}


def test_outcomes_come_with_what_matters_first() -> None:
    states: list[tuple[Status, Severity, bool]] = [
        ("crashed", "error", False),
        ("not_checked", "error", False),
        ("ok", "error", False),
        ("finding", "error", True),
        ("finding", "info", False),
        ("finding", "warning", False),
        ("finding", "error", False),
    ]
    outcomes = [
        Outcome(code=f"BN{index}", name="n", status=status, severity=severity, expected=expected)
        for index, (status, severity, expected) in enumerate(states, start=1)
    ]
    history = create_history()
    answer = payload.report(RunHistory(run="train", models=(history,)), history, outcomes)
    order = [entry["code"] for entry in answer["outcomes"]]
    assert order == ["BN7", "BN6", "BN5", "BN4", "BN3", "BN2", "BN1"]


def test_outcome_carries_its_rules_documentation() -> None:
    entry = outcome(Outcome(code="BN101", name="never-updated", status="ok", severity="error"))
    validate(entry, "Outcome")
    assert entry["why"]
    assert entry["fine_when"]


def test_column_is_layers_by_steps() -> None:
    values = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    history = create_history(steps=[1, 2, 3], layers=2, columns={"mean_gap": values})
    answer = column(history, HEATMAP_COLUMNS[0])
    validate(answer, "Column")
    assert answer["values"] == [[1.0, 3.0, 5.0], [2.0, None, 6.0]]


def test_only_columns_that_hold_a_value_are_offered() -> None:
    columns = inference_columns() | {"mean_gap": np.nan, "batch_mean": np.nan}
    offered = [entry["name"] for entry in report(create_history(columns=columns))["columns"]]
    assert offered[0] == "variance_gap"
    assert not {"mean_gap", "batch_mean", "start_updates"} & set(offered)


def test_columns_of_the_probes_are_offered_where_there_are_probes() -> None:
    probed = create_probe_layers(steps=(25, 50), layers=2, gap_share=[[np.nan] * 2, [0.75, 0.25]])
    with_probe = create_history(layers=2, probe=create_probe(), probe_layers=probed)
    names = {"held_mean_gap", "held_variance_gap", "gap_share"}

    def offered(history: ModelHistory) -> set[str]:
        return {entry["name"] for entry in report(history)["columns"]}

    assert names <= offered(with_probe)
    assert not names & offered(create_history(layers=2, probe=create_probe()))
    assert not names & offered(create_history(steps=[], layers=2))
    no_gap = replace(with_probe, probe_layers=create_probe_layers(layers=2))
    assert offered(with_probe) - offered(no_gap) == {"gap_share"}


def test_column_of_the_probes_has_their_steps() -> None:
    probed = create_probe_layers(steps=(25, 50), layers=2, gap_share=[[np.nan] * 2, [0.75, 0.25]])
    entry = next(entry for entry in HEATMAP_COLUMNS if entry.name == "gap_share")
    answer = column(create_history(layers=2, probe_layers=probed), entry)
    validate(answer, "Column")
    assert (answer["unit"], answer["steps"]) == ("%", [25, 50])
    assert answer["values"] == [[None, 75.0], [None, 25.0]]
    without = column(create_history(layers=2), entry)
    validate(without, "Column")
    assert (without["steps"], without["values"]) == ([], [[], []])


def test_layer_has_what_the_probes_measured_of_it() -> None:
    gaps = np.array([[1.0, 2.0, np.nan], [3.0, 4.0, np.nan]])
    probed = create_probe_layers(mean_gap=gaps, variance_shift=[0.5, -0.5, np.nan])
    layer = layer_payload(create_history(probe_layers=probed), 1, None)
    validate(layer, "Layer")
    assert layer["held_batch"]["steps"] == [25, 50]
    assert layer["held_batch"]["series"]["mean_gap"] == [2.0, 4.0]
    assert layer["held_batch"]["series"]["variance_shift"] == [-0.5, -0.5]
    assert layer["held_batch"]["series"]["gap_share"] == [None, None]


def test_layer_without_a_probe_of_it_has_no_held_batch() -> None:
    assert layer_payload(create_history(), 0, None)["held_batch"] is None
    nothing: dict[str, Any] = {name: [0.0, np.nan, 0.0] for name in PROBE_LAYER_COLUMNS}
    history = create_history(probe_layers=create_probe_layers(**nothing))
    assert layer_payload(history, 1, None)["held_batch"] is None
    assert layer_payload(history, 2, None)["held_batch"] is not None


def test_layer_gives_percentiles_over_channels() -> None:
    values = np.full((1, 4, 101), np.nan, np.float32)
    values[0, 0] = np.arange(101)
    channels = ChannelHistory(steps=np.array([7]), values=values)
    layer = layer_payload(create_history(), 0, channels)
    validate(layer, "Layer")
    assert layer["channels"]["mean_bands"] == [[5.0], [25.0], [50.0], [75.0], [95.0]]
    assert layer["channels"]["variance_bands"] == [[None]] * 5


def test_layer_counts_updates_of_every_context() -> None:
    columns = {"training_tape": [1, 2], "training_no_tape": [0, 3], "inference_tape": [9, 9]}
    history = create_history(steps=[1, 2], columns=columns)
    assert layer_payload(history, 0, None)["series"]["updates"] == [1.0, 5.0]


def test_probe_draws_only_what_was_measured() -> None:
    probe = create_probe(0.25, 0.5)
    probe = replace(probe, moving={**probe.moving, "loss": np.full(2, np.nan)})
    probe = replace(probe, batch={**probe.batch, "loss": np.full(2, np.nan)})
    answer = report(create_history(probe=probe))["probe"]
    drawn = [(series["name"], series["kind"]) for series in answer["series"]]
    assert drawn == [("accuracy", "accuracy"), ("spread", "other")]
    assert answer["series"][1]["moving"] == [0.25, 0.25]
