"""Makes records for tests, as the recorder writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tb_bnplugin.schema.columns import LAYER_COLUMNS, MODEL_COLUMNS
from tb_bnplugin.schema.facts import Call, ModelFacts, Phase
from tb_bnplugin.schema.facts_json import encode_calls, encode_model, encode_phase
from tb_bnplugin.schema.records import Kind, Metadata, Record
from tests.support.histories import FACTS, LAYER

THREE_LAYERS = replace(
    FACTS, layers=tuple(replace(LAYER, path=f"bn_{index}") for index in range(3))
)


def create_record(
    kind: Kind, value: Any, *, step: int = 1, wall_time: float = 1001.0, **metadata: Any
) -> Record:
    """One record of the model "model"."""
    return Record(
        metadata=Metadata(**{"kind": kind, "model": "model", **metadata}),
        step=step,
        wall_time=wall_time,
        value=value,
    )


def create_model(facts: ModelFacts = THREE_LAYERS, **changed: Any) -> Record:
    return create_record("model", encode_model(facts), **changed)


def create_calls(calls: Sequence[Call], **changed: Any) -> Record:
    return create_record("calls", encode_calls(calls), **changed)


def create_layers(
    step: int,
    *,
    process: float = 1000.0,
    record: float | None = None,
    wall_time: float | None = None,
    layers: int = 3,
    **columns: Any,
) -> Record:
    """A layers record whose columns are 0, but for those given (a number, or one a layer)."""
    table = np.zeros((1 + layers, max(len(LAYER_COLUMNS), len(MODEL_COLUMNS))))
    table[0, len(MODEL_COLUMNS) :] = np.nan
    named = {"process_started": process, "record": step if record is None else record, **columns}
    for name, value in named.items():
        if name in MODEL_COLUMNS:
            table[0, MODEL_COLUMNS.index(name)] = value
        else:
            table[1:, LAYER_COLUMNS.index(name)] = value
    time = process + step if wall_time is None else wall_time
    return create_record("layers", table, step=step, wall_time=time)


def create_phase(phase: Phase, **changed: Any) -> Record:
    return create_record("phase", encode_phase(phase), **changed)
