from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.build import build_channels, build_run
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.columns import (
    EVENT_COLUMNS,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    MODEL_COLUMNS,
    PROBE_COLUMNS,
)
from tb_bnplugin.schema.facts import Columns
from tb_bnplugin.schema.records import Record
from tests.support.histories import CALL, LOSS_FACTS, PHASE
from tests.support.records import (
    THREE_LAYERS,
    create_calls,
    create_layers,
    create_model,
    create_phase,
    create_record,
)


def build(*records: Record) -> ModelHistory:
    """The only model of these records and a model record."""
    (model,) = build_run("train", [create_model(), *records]).models
    return model


def test_records_come_in_the_order_of_their_steps() -> None:
    records = [create_layers(step, training_tape=step) for step in range(1, 21)]
    random.Random(1).shuffle(records)
    history = build(*records)
    assert history.steps.tolist() == list(range(1, 21))
    assert history.layer("training_tape")[:, 2].tolist() == list(range(1, 21))


def test_columns_are_named_as_the_model_record_has_them() -> None:
    turned = replace(
        THREE_LAYERS,
        columns=Columns(
            layers=("from_a_newer_version", "trainable", "training_tape"),
            model=("process_started", "newer", "iterations"),
        ),
    )
    table = np.array([[1000.0, 5.0, 7.0], [9.0, 1.0, 3.0], [9.0, 0.0, 4.0], [9.0, 1.0, 5.0]])
    records = [create_model(turned), create_record("layers", table)]
    (model,) = build_run("train", records).models
    assert model.layer("training_tape").tolist() == [[3.0, 4.0, 5.0]]
    assert model.layer("trainable").tolist() == [[1.0, 0.0, 1.0]]
    assert model.model("iterations").tolist() == [7.0]
    assert np.isnan(model.layer("moving_mean")).all()
    assert set(model.layer_columns) == {"trainable", "training_tape", *EVENT_COLUMNS}


def test_layers_appended_later_are_not_known_before() -> None:
    early = create_layers(1, layers=1, training_tape=[7.0])
    history = build(early, create_layers(2, training_tape=[8.0, 1.0, 2.0]))
    np.testing.assert_array_equal(
        history.layer("training_tape"), [[7.0, np.nan, np.nan], [8.0, 1.0, 2.0]]
    )


def test_a_narrower_table_is_padded_and_a_wider_one_cut() -> None:
    narrow = create_record("layers", np.full((4, 2), 1.0), step=1)
    wide = create_record("layers", np.full((9, 99), 1.0), step=2)
    history = build(narrow, wide)
    assert np.isnan(history.layer(LAYER_COLUMNS[2])[0]).all()
    assert history.layer(LAYER_COLUMNS[-1])[1].tolist() == [1.0, 1.0, 1.0]


def test_the_newest_documents_count() -> None:
    old = replace(THREE_LAYERS, code=replace(THREE_LAYERS.code, model_class="Old"))
    records = [
        create_model(wall_time=3000.0),
        create_model(old, wall_time=2000.0),
        create_calls([], wall_time=2000.0),
        create_calls([CALL], wall_time=3000.0),
    ]
    (model,) = build_run("train", records).models
    assert model.facts == THREE_LAYERS
    assert model.calls == (CALL,)


def test_an_older_document_stands_in_for_a_damaged_one() -> None:
    damaged = create_record("model", b'{"name": 7}', wall_time=9000.0)
    (model,) = build_run("train", [create_model(), damaged]).models
    assert model.facts == THREE_LAYERS
    assert len(model.notes) == 1
    assert "cannot be read" in model.notes[0]


def test_records_without_a_model_record_are_left_out_with_a_note() -> None:
    run = build_run("train", [create_layers(1), create_layers(2)], notes=["before"])
    assert run.models == ()
    assert run.notes[0] == "before"
    assert "skipped 2: records of model model have no readable model record" in run.notes[1]


def test_the_first_recorded_model_comes_first() -> None:
    critic = replace(THREE_LAYERS, name="critic")
    records = [
        create_model(critic, model="critic", wall_time=2000.0),
        create_model(wall_time=1000.0),
    ]
    models = build_run("train", records).models
    assert [model.facts.name for model in models] == ["model", "critic"]


def test_a_restart_supersedes_what_it_repeats() -> None:
    first = [create_layers(step, process=1000.0, training_tape=step) for step in range(1, 11)]
    again = [create_layers(step, process=2000.0, training_tape=step - 5) for step in (6, 7, 8)]
    history = build(*first, *again)
    assert history.steps.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert history.layer("training_tape")[:, 0].tolist() == [1, 2, 3, 4, 5, 1, 2, 3]
    assert history.model("process_started").tolist() == [1000.0] * 5 + [2000.0] * 3
    assert history.newest_process().steps.tolist() == [6, 7, 8]
    (note,) = history.notes
    assert note.startswith("5 records of steps 6 to 10 left out: a process that started later")


def test_a_later_training_of_the_same_process_says_what_it_hides() -> None:
    first = [create_layers(step, wall_time=1000.0 + step) for step in range(1, 11)]
    again = [create_layers(step, wall_time=2000.0 + step) for step in range(3, 9)]
    history = build(*first, *again)
    (note,) = history.notes
    assert note.startswith("6 records of steps 3 to 8 hidden: the same program recorded these")
    assert history.wall_times.tolist() == [
        *(1000.0 + step for step in (1, 2)),
        *(2000.0 + step for step in range(3, 9)),
        *(1000.0 + step for step in (9, 10)),
    ]


@pytest.mark.parametrize(
    "records",
    [
        # the end of a training and an evaluation, at its last step
        [create_layers(step, wall_time=1000.0 + at) for at, step in enumerate([1, 2, 3, 3, 3])],
        # an epoch of which each step ends in an evaluation
        [create_layers(at // 2, wall_time=1000.0 + at) for at in range(2, 12)],
        # records of one moment
        [create_layers(step, wall_time=1000.0) for step in (1, 2, 3, 1, 2, 3)],
        # a clock that was put back while a step was recorded twice
        [create_layers(s, wall_time=t) for s, t in ((1, 100.0), (2, 101.0), (3, 102.0), (2, 99.0))],
        # processes, of which the second repeats what the first did
        [
            create_layers(step, process=process, wall_time=process + at)
            for process in (1000.0, 2000.0)
            for at, step in enumerate([1, 2, 2, 3])
        ],
    ],
    ids=["end", "evaluations", "moment", "clock", "processes"],
)
def test_records_of_a_step_that_one_training_makes_are_no_hidden_ones(
    records: list[Record],
) -> None:
    assert not [note for note in build(*records).notes if "hidden" in note]


def test_a_resumed_process_that_goes_on_drops_nothing() -> None:
    first = [create_layers(step, process=1000.0) for step in (1, 2)]
    history = build(*first, create_layers(3, process=2000.0))
    assert history.steps.tolist() == [1, 2, 3]
    assert history.notes == ()


def test_of_three_processes_each_supersedes_all_older_ones() -> None:
    records = [
        *(create_layers(step, process=1000.0, training_tape=1) for step in range(1, 10)),
        *(create_layers(step, process=2000.0, training_tape=2) for step in range(6, 12)),
        *(create_layers(step, process=3000.0, training_tape=3) for step in range(4, 6)),
    ]
    assert build(*records).layer("training_tape")[:, 0].tolist() == [1, 1, 1, 3, 3]


def test_the_newest_record_of_a_step_counts() -> None:
    late = create_layers(5, record=6, wall_time=2000.0, training_tape=8)
    early = create_layers(5, record=5, wall_time=1500.0, training_tape=7)
    history = build(late, early)
    assert history.layer("training_tape").tolist() == [[8.0, 8.0, 8.0]]


@pytest.mark.parametrize(
    ("records", "made"),
    [
        ([create_layers(step) for step in (1, 2, 3)], 3),
        ([create_layers(step, record=step) for step in (10, 70, 100)], 100),
        ([create_layers(5, record=5), create_layers(5, record=6, wall_time=9999.0)], 5),
        (
            [create_layers(step, record=step) for step in range(1, 11)]
            + [create_layers(step, process=2000.0, record=step - 5) for step in (6, 7)],
            7,
        ),
        ([create_layers(1, record=np.nan), create_layers(2, record=np.nan)], 2),
        ([], 0),
    ],
    ids=["all", "sampled", "two of a step", "restart", "not known", "none"],
)
def test_records_made(records: list[Record], made: int) -> None:
    assert build(*records).records_made == made


def test_losses_by_name_with_their_facts() -> None:
    measured = replace(PHASE, measured_losses=(replace(LOSS_FACTS, name="own"),))
    records = [
        create_phase(measured),
        create_record("loss", np.arange(18.0), step=2, name="own"),
        create_record("loss", np.arange(18.0) + 1, step=1, name="own"),
        create_record("loss", np.arange(5.0), step=1, name="short"),
    ]
    own, short = build(*records).losses
    assert (own.name, own.steps.tolist()) == ("own", [1, 2])
    assert own.facts is not None
    assert own.facts.keras_class == "MeanSquaredError"
    assert short.facts is None
    assert own.columns["measured"].tolist() == [3.0, 2.0]
    assert np.isnan(short.columns[LOSS_COLUMNS[5]]).all()


@pytest.mark.parametrize(
    ("traced", "candidates", "keras_class"),
    [
        (None, [6.0], "SparseCategoricalCrossentropy"),
        (None, [6.0, 7.0], "SparseCategoricalCrossentropy"),  # from logits
        (None, [0.0, 1.0], None),
        (None, [np.nan, -1.0, 99.0], None),
        ("Huber", [0.0], "Huber"),
    ],
)
def test_a_function_has_the_class_it_was_recognised_as(
    traced: str | None, candidates: list[float], keras_class: str | None
) -> None:
    table = np.zeros((len(candidates), len(LOSS_COLUMNS)))
    table[:, LOSS_COLUMNS.index("candidate")] = candidates
    facts = replace(LOSS_FACTS, name="own", keras_class=traced)
    records = [create_phase(replace(PHASE, measured_losses=(facts,)))] + [
        create_record("loss", row, step=step, name="own") for step, row in enumerate(table)
    ]
    known = build(*records).losses[0].facts
    assert known is not None
    assert known.keras_class == keras_class


def test_probes_with_their_metrics() -> None:
    table = np.array([[1.0, 0.5, 0.1, 1.0, 8.0, 0.7], [2.0, 0.6, 0.2, 1.0, 8.0, 0.9]])
    named = replace(
        THREE_LAYERS, columns=Columns(probe=(*PROBE_COLUMNS, "metric:auc", "from_a_newer_version"))
    )
    probe = build(
        create_model(named, wall_time=1002.0), create_record("probe", table, step=4)
    ).probe
    assert probe is not None
    assert probe.metrics == ("auc",)
    assert set(probe.moving) == {*PROBE_COLUMNS, "auc"}
    assert (probe.moving["auc"].tolist(), probe.batch["auc"].tolist()) == ([0.7], [0.9])
    assert probe.batch["loss"].tolist() == [2.0]


def test_epochs_in_the_order_of_their_steps() -> None:
    records = [
        create_record("epoch", np.int64(1), step=40),
        create_record("epoch", np.array(0.0), step=20),
    ]
    assert build(*records).epochs == ((0, 20), (1, 40))


def test_what_a_restart_repeats_is_dropped_from_losses_probes_and_epochs() -> None:
    layers = [create_layers(step, process=1000.0) for step in range(1, 11)]
    again = [create_layers(step, process=2000.0) for step in (6, 7)]
    epochs = [
        create_record("epoch", np.array(float(index)), step=step, wall_time=wall_time)
        for index, step, wall_time in ((0, 5, 1005.0), (1, 10, 1010.0), (0, 7, 2007.0))
    ]
    assert build(*layers, *again, *epochs).epochs == ((0, 5), (0, 7))


def test_channels_of_one_layer() -> None:
    facts = replace(
        THREE_LAYERS,
        layers=tuple(
            replace(layer, channels=channels)
            for layer, channels in zip(THREE_LAYERS.layers, (2, 3, None), strict=True)
        ),
    )
    table = np.arange(20, dtype=np.float32).reshape(4, 5)
    records = [
        create_record("channels", table, step=2),
        create_record("channels", table[:, :4], step=3),
        create_record("channels", table + 100, step=1),
    ]
    channels = build_channels(facts, records, 1)
    assert channels.steps.tolist() == [1, 2]
    assert channels.values[1].tolist() == table[:, 2:5].tolist()
    assert build_channels(facts, records, 2).values.shape == (2, 4, 0)  # not built yet


def test_arrays_cannot_be_written() -> None:
    history = build(create_layers(1), create_record("loss", np.zeros(18)))
    arrays = [
        history.steps,
        history.wall_times,
        *history.layer_columns.values(),
        *history.model_columns.values(),
        *history.losses[0].columns.values(),
    ]
    assert not any(array.flags.writeable for array in arrays)


@pytest.mark.parametrize(
    "value",
    [
        b"{}",
        np.zeros(3),
        np.zeros((2, 2, 2)),
        np.zeros((0, 5)),
        np.array([["a", "b"]]),
        np.array([[None, object()]]),
        np.array([[1j]]),
    ],
    ids=["bytes", "vector", "cube", "empty", "text", "objects", "complex"],
)
def test_a_table_of_another_kind_is_left_out_with_a_note(value: Any) -> None:
    history = build(create_layers(1), create_record("layers", value, step=2))
    assert history.steps.tolist() == [1]
    assert history.notes == ("skipped 1: layers records are no table of numbers of rank 2",)


def test_notes_are_counted_and_not_repeated() -> None:
    damaged = [create_record("layers", b"", step=step) for step in range(1000)]
    assert build(*damaged).notes == (
        "skipped 1000: layers records are no table of numbers of rank 2",
    )


def test_a_hostile_name_stays_on_one_short_line() -> None:
    name = "<script>\n\u202e" * 2000
    (note,) = build_run("train", [create_layers(1), replace_model(create_layers(1), name)]).notes[
        1:
    ]
    assert "\n" not in note
    assert len(note) < 200


def replace_model(record: Record, name: str) -> Record:
    return replace(record, metadata=replace(record.metadata, model=name))


def test_five_thousand_records_of_52_layers() -> None:
    facts = replace(
        THREE_LAYERS,
        layers=tuple(replace(THREE_LAYERS.layers[0], path=str(i)) for i in range(52)),
    )
    width = max(len(LAYER_COLUMNS), len(MODEL_COLUMNS))
    records = [create_model(facts)] + [
        create_record("layers", np.ones((53, width)), step=step) for step in range(1, 5001)
    ]
    (model,) = build_run("train", records).models
    assert model.layer("training_tape").shape == (5000, 52)


def test_of_two_processes_at_once_the_newer_is_shown_and_a_note_says_so() -> None:
    old = [create_layers(step, process=1000.0, training_tape=step) for step in range(1, 101)]
    new = [create_layers(step, process=1050.0, training_tape=step) for step in range(1, 31)]
    interleaved = [record for pair in zip(old[50:80], new, strict=True) for record in pair]
    history = build(*old[:50], *interleaved, *old[80:])
    assert history.steps.tolist() == [*range(1, 31)]
    assert set(history.model("process_started")) == {1050.0}
    (note,) = history.notes
    assert note.startswith("skipped 45: layers records of a process that wrote while a newer one")


def test_a_restart_is_no_process_at_once() -> None:
    first = [create_layers(step, process=1000.0) for step in range(1, 51)]
    again = [create_layers(step, process=1051.0) for step in range(20, 61)]
    (note,) = build(*first, *again).notes
    assert note.startswith("31 records of steps 20 to 50 left out")
