"""Numbers of a log are looked at once: behind the border they are finite, bounded, or not known."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.bounds import LARGEST_COUNT, has_range, keep_possible, possible_time
from tb_bnplugin.history.build import build_channels, build_run
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import (
    EVENT_COLUMNS,
    GRADIENT_COLUMNS,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    MODEL_COLUMNS,
    PROBE_COLUMNS,
    PROBE_LAYER_COLUMNS,
)
from tb_bnplugin.schema.facts import Graph, Node, OptimizerFacts, Phase, Sharing
from tb_bnplugin.schema.facts_json import encode_model
from tb_bnplugin.schema.records import Record
from tests.support.histories import CALL, LAYER, LOSS_FACTS, PHASE
from tests.support.records import (
    THREE_LAYERS,
    create_calls,
    create_layers,
    create_model,
    create_phase,
    create_record,
)

INF, NAN = math.inf, math.nan

COLUMNS = {
    name
    for table in (
        MODEL_COLUMNS,
        LAYER_COLUMNS,
        EVENT_COLUMNS,
        LOSS_COLUMNS,
        GRADIENT_COLUMNS,
        PROBE_COLUMNS,
        PROBE_LAYER_COLUMNS,
    )
    for name in table
}


def build(*records: Record) -> ModelHistory:
    (model,) = build_run("train", [create_model(), *records]).models
    return model


def test_every_column_of_the_format_has_a_range() -> None:
    assert [name for name in sorted(COLUMNS) if not has_range(name)] == []


@pytest.mark.parametrize("name", sorted(COLUMNS | {"metric:auc"}))
def test_no_column_holds_a_number_that_cannot_be(name: str) -> None:
    given = np.array([NAN, INF, -INF, -1.0, 0.0, 5e-324, 1.0, 1e99, 1e300, 2.0**60])
    kept = keep_possible(name, given.copy())
    known = kept[~np.isnan(kept)]
    assert (np.abs(known) <= 1e100).all()
    assert (known == 0.0).any() or kept[4:6].tolist() != [0.0, 0.0]
    assert not ((known != 0.0) & (np.abs(known) < 1e-100)).any()
    assert kept[6] == 1.0  # every column may hold it
    assert np.isnan(kept[[0, 1, 2, 8]]).all()


@pytest.mark.parametrize(
    ("name", "possible"),
    [
        ("training_tape", [0.0, 3.0, LARGEST_COUNT]),
        ("trainable", [0.0, 1.0]),
        ("invalid_first_step", [1.0, 1e9]),
        ("moving_variance", [-0.5, 0.0, 1e38]),  # BN204 is about a variance below 0
        ("mean_gap", [0.0, 0.3]),
        ("start_updates", [0.0, 12.25]),
        ("learning_rate", [-0.1, 0.1]),
        ("batch", [1.0, 32.0]),
    ],
)
def test_what_a_recorder_writes_stays(name: str, possible: list[float]) -> None:
    assert keep_possible(name, np.array(possible)).tolist() == possible


@pytest.mark.parametrize(
    ("name", "impossible"),
    [
        ("training_tape", [-1.0, 2.0**54]),
        ("trainable", [-1.0, 2.0]),
        ("invalid_first_step", [-1.0]),
        ("mean_gap", [-0.1]),
        ("batch", [0.0, -3.0]),
        ("replicas", [0.0]),
        ("process_started", [-1.0, 1e12]),
    ],
)
def test_what_is_out_of_range_is_not_known(name: str, impossible: list[float]) -> None:
    assert np.isnan(keep_possible(name, np.array(impossible))).all()


@pytest.mark.parametrize("wall_time", [NAN, INF, -INF, -1.0, 1e300])
def test_a_wall_time_that_cannot_be_is_none(wall_time: float) -> None:
    assert possible_time(wall_time) == 0.0
    history = build(create_layers(1), create_layers(2, wall_time=wall_time))
    assert history.wall_times.tolist() == [1001.0, 0.0]


@pytest.mark.parametrize("step", [-1, 2**53 + 1, 2**63 - 1, -(2**63), 2**80])
def test_a_record_at_a_step_that_cannot_be_is_left_out(step: int) -> None:
    run = build_run(
        "train", [create_model(), create_layers(1), replace(create_layers(2), step=step)]
    )
    assert run.models[0].steps.tolist() == [1]
    assert run.notes == ("skipped 1: records have a step that none can have",)


HUGE = 10**400
LAYERS: list[tuple[str, list[Any], Any]] = [
    ("channels", [-1, 2**70, HUGE], None),
    ("momentum", [NAN, INF, -INF, 1e300, HUGE], None),
    ("epsilon", [NAN, INF, -1e-3, HUGE], None),
    ("start_updates_before", [NAN, INF, -1.0, HUGE], 0.0),
    ("virtual_batch", [0, -8, HUGE], None),
    ("axis", [[HUGE]], ()),
    ("sharing", [{"calls_a_pass": -1}, {"calls_a_pass": HUGE}], Sharing()),
    (
        "sharing",
        [{"ran_before": counts} for counts in ([1.0], [NAN] * 10, [-1.0] * 10, [1e300] * 10)],
        Sharing(),
    ),
]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [(field, value, kept) for field, values, kept in LAYERS for value in values],
    ids=lambda value: str(value)[:20],
)
def test_a_fact_of_a_layer_that_cannot_be_is_not_known(field: str, value: Any, kept: Any) -> None:
    document = json.loads(encode_model(THREE_LAYERS))
    document["layers"][1][field] = value
    model = create_record("model", json.dumps(document).encode())
    (history,) = build_run("train", [model, create_layers(1)]).models
    assert getattr(history.facts.layers[1], field) == kept
    assert history.facts.layers[0] == THREE_LAYERS.layers[0]


@pytest.mark.parametrize("momentum", [-0.5, 1.5, 99.0])
def test_a_momentum_out_of_range_by_mistake_stays(momentum: float) -> None:
    facts = replace(THREE_LAYERS, layers=(replace(LAYER, momentum=momentum),))
    (history,) = build_run("train", [create_model(facts)]).models
    assert history.facts.layers[0].momentum == momentum


def test_facts_of_a_model_that_cannot_be() -> None:
    facts = replace(
        THREE_LAYERS,
        name="another",
        replicas=-4,
        process_started=NAN,
        weights=replace(THREE_LAYERS.weights, trainable=-1, checked_step=-7),
        optimizers=(
            OptimizerFacts(
                optimizer_class="SGD",
                keras_class="SGD",
                known_from="compile",
                clipnorm=NAN,
                clipvalue=-1.0,
                global_clipnorm=INF,
                gradient_accumulation_steps=0,
            ),
        ),
        graph=Graph(
            nodes=tuple(Node(path="n", layer_class="C", layer=at) for at in (0, 2, 3, -1, HUGE)),
            edges=((0, 1), (1, 5), (-1, 0), (4, 3)),
        ),
    )
    known = build(create_model(facts)).facts
    assert (known.name, known.replicas, known.process_started) == ("model", 1, 0.0)
    assert (known.weights.trainable, known.weights.checked_step) == (0, None)
    assert [node.layer for node in known.graph.nodes] == [0, 2, None, None, None]
    assert known.graph.edges == ((0, 1), (4, 3))
    assert known.optimizers == (
        OptimizerFacts(optimizer_class="SGD", keras_class="SGD", known_from="compile"),
    )


def test_a_phase_that_cannot_be() -> None:
    shape = (None, -1, 8, HUGE)
    loss = replace(LOSS_FACTS, label_shape=shape, prediction_shape=None)
    hostile = Phase(
        number=-1, step=HUGE, wall_time=INF, reason="fit", process_started=NAN, losses=(loss,)
    )
    (phase,) = build(create_phase(hostile)).phases
    assert (phase.number, phase.step, phase.wall_time, phase.process_started) == (0, 0, 0.0, 0.0)
    assert phase.losses[0].label_shape == (None, None, 8, None)


def test_the_newest_phase_is_the_newest_though_another_has_no_time() -> None:
    hostile = replace(PHASE, number=2, process_started=NAN)
    newer = replace(PHASE, number=2, process_started=1000.0)
    phases = build(create_phase(hostile), create_phase(newer), create_phase(PHASE)).phases
    assert phases[-1].process_started == 1000.0


def test_calls_of_layers_that_are_not_there_are_left_out() -> None:
    calls = [replace(CALL, layer=layer, first_step=-9) for layer in (0, 3, -1, HUGE)]
    (call,) = build(create_calls(calls)).calls
    assert (call.layer, call.first_step) == (0, 0)


@pytest.mark.parametrize("index", [NAN, INF, -1.0, 1e300])
def test_an_epoch_that_cannot_be_is_left_out(index: float) -> None:
    epochs = [
        create_record("epoch", np.array(0.0), step=5),
        create_record("epoch", np.array(index)),
    ]
    assert build(*epochs).epochs == ((0, 5),)


def test_channels_of_a_layer_beside_one_whose_channels_cannot_be() -> None:
    facts = build(
        create_model(
            replace(
                THREE_LAYERS,
                layers=tuple(
                    replace(layer, channels=channels)
                    for layer, channels in zip(THREE_LAYERS.layers, (-5, 2, HUGE), strict=True)
                ),
            )
        )
    ).facts
    record = create_record("channels", np.ones((4, 3), np.float32), wall_time=NAN)
    assert build_channels(facts, [record], 1).values.shape == (1, 4, 2)
    assert build_channels(facts, [record], 2).values.shape == (1, 4, 0)


def test_of_names_that_repeat_the_first_counts_and_of_missing_ones_nothing_is_known() -> None:
    columns = replace(THREE_LAYERS.columns, layers=("trainable", "trainable", "x", "idle_records"))
    columns = replace(columns, model=("process_started",) * 3, events=(), loss=("doubled",))
    table = np.array([[1000.0, 5.0, 7.0, 1.0]] + [[1.0, 0.0, 3.0, 4.0]] * 3)
    history = build(
        create_model(replace(THREE_LAYERS, columns=columns), wall_time=2000.0),
        create_record("layers", table),
        create_record("events", table[1:], step=1),
        create_record("loss", np.array([4.0, 5.0])),
    )
    assert history.layer("trainable").tolist() == [[1.0, 1.0, 1.0]]
    assert history.model("process_started").tolist() == [1000.0]
    assert history.layer("idle_records").tolist() == [[0.0] * 3]  # an event, and none is named
    assert history.losses[0].columns["doubled"].tolist() == [4.0]
    assert np.isnan(history.layer("training_tape")).all()
