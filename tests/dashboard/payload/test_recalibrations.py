from __future__ import annotations

from dataclasses import replace

from tb_bnplugin.dashboard.payload.recalibrations import recalibrations
from tests.dashboard.golden import golden_recalibrations


def test_each_names_its_first_layers() -> None:
    refused, applied = golden_recalibrations()
    many = replace(
        applied, facts=replace(applied.facts, layers=applied.facts.layers * 20, moved=40)
    )
    rows = recalibrations((refused, many))
    assert [row["step"] for row in rows] == [refused.step, applied.step]
    assert [[layer["path"] for layer in row["layers"]] for row in rows] == [
        ["stem_bn", "block_1/bn"],
        ["stem_bn", "block_1/bn"] * 5,
    ]
    assert [row["moved"] for row in rows] == [2, 40]
    assert [len(row["left"]) for row in rows] == [1, 1]
    assert recalibrations(()) == []
