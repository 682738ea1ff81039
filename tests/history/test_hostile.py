"""Whatever a log holds, a history is built of what can be used, and every rule answers."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_bnplugin.diagnose import diagnose_run
from tb_bnplugin.history.build import build_run
from tb_bnplugin.schema.records import Metadata, Record
from tests.support.histories import CALL
from tests.support.records import create_calls, create_layers, create_model

KINDS = st.sampled_from(
    ["model", "calls", "layers", "channels", "loss", "probe", "epoch", "recalibration", "twin"]
)
NUMBERS = st.one_of(
    st.floats(width=64), st.sampled_from([0.0, 1.0, 2.0, 1e308, np.nan, np.inf, -np.inf])
)


def tables(ranks: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    shapes = ranks.flatmap(
        lambda rank: arrays.array_shapes(min_dims=rank, max_dims=rank, min_side=0, max_side=6)
    )
    return arrays.arrays(np.float64, shapes, elements=NUMBERS)


VALUES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"[]", b"{}", b'{"calls": [7]}', b'{"calls": {}}', b"[" * 5000]),
    tables(st.integers(0, 3)),
    arrays.arrays(np.str_, (2, 2)),
    arrays.arrays(np.int8, (4, 3)),
    st.just(np.array([[None]], object)),
)

RECORDS = st.builds(
    Record,
    metadata=st.builds(
        Metadata,
        kind=KINDS,
        model=st.sampled_from(["model", "", "other"]),
        name=st.text(max_size=3),
    ),
    step=st.one_of(st.integers(-3, 60), st.sampled_from([2**63 - 1, -(2**63), 2**80])),
    wall_time=st.one_of(st.floats(), st.floats(999.0, 2000.0)),
    value=VALUES,
)


@settings(max_examples=200)
@given(
    st.lists(RECORDS, max_size=12),
    st.lists(tables(st.just(2)), max_size=6),
    st.permutations(range(8)),
)
def test_building_and_judging_never_raise(
    hostile: list[Record], layers: list[Any], order: list[int]
) -> None:
    records = [create_model(), create_calls([CALL]), create_layers(1), create_layers(2)]
    records += [
        Record(metadata=records[2].metadata, step=step, wall_time=1000.0 + step, value=value)
        for step, value in enumerate(layers)
    ]
    records += hostile
    records = [records[index % len(records)] for index in order] + records
    run = build_run("train", records)
    assert any(model.facts.name == "model" for model in run.models)
    assert "crashed" not in {outcome.status for outcome in diagnose_run(run)}
    for model in run.models:
        assert (np.diff(model.steps) > 0).all()


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 4)), min_size=1, max_size=60))
def test_a_newer_process_always_wins(written: list[tuple[int, int]]) -> None:
    records = [
        create_layers(step, process=1000.0 * process, wall_time=1000.0 * process + number)
        for number, (step, process) in enumerate(written)
    ]
    (model,) = build_run("train", [create_model(), *records]).models
    started = model.model("process_started")
    assert (np.diff(started) >= 0).all()
    assert started[-1] == 1000.0 * max(process for _, process in written)
    newest = {step for step, process in written if 1000.0 * process == started[-1]}
    assert newest <= set(model.steps.tolist())
