"""The description of the data format names everything that is written."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from tb_bnplugin.schema import plugin_data_pb2
from tb_bnplugin.schema.columns import (
    CONTEXTS,
    EVENT_COLUMNS,
    GRADIENT_COLUMNS,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    MODEL_COLUMNS,
    PROBE_COLUMNS,
    PROBE_LAYER_COLUMNS,
    RECORD_REASONS,
)
from tb_bnplugin.schema.facts import (
    Call,
    Columns,
    GammaBeta,
    Graph,
    LayerFacts,
    LossFacts,
    MetricFacts,
    ModelCode,
    ModelFacts,
    Node,
    OptimizerFacts,
    Phase,
    SwitchedOff,
    WeightFacts,
)

TEXT = (Path(__file__).parents[2] / "docs" / "data_format.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([a-z0-9_]+)`", TEXT))


def names(facts: type) -> list[str]:
    return [field.name for field in dataclasses.fields(facts)]


@pytest.mark.parametrize(
    "written",
    [
        *LAYER_COLUMNS,
        *MODEL_COLUMNS,
        *LOSS_COLUMNS,
        *PROBE_COLUMNS,
        *EVENT_COLUMNS,
        *GRADIENT_COLUMNS,
        *PROBE_LAYER_COLUMNS,
        *CONTEXTS,
        *names(ModelFacts),
        *names(ModelCode),
        *names(Graph),
        *names(Node),
        *names(WeightFacts),
        *names(SwitchedOff),
        *names(OptimizerFacts),
        *names(LayerFacts),
        *names(GammaBeta),
        *names(Call),
        *names(Columns),
        *names(Phase),
        *names(LossFacts),
        *names(MetricFacts),
        *plugin_data_pb2.PluginData.DESCRIPTOR.fields_by_name,
        *(name.lower() for name, _ in plugin_data_pb2.PluginData.Kind.items() if name != "UNKNOWN"),
    ],
)
def test_everything_written_is_described(written: str) -> None:
    assert written in NAMED


def test_reasons_of_a_record_are_described_in_their_order() -> None:
    assert ", ".join(f"{index} {why}" for index, why in enumerate(RECORD_REASONS)) in TEXT
