from __future__ import annotations

from dataclasses import replace

from tb_bnplugin.dashboard.payload.recalibrations import recalibrations
from tests.dashboard.golden import golden_recalibrations


def test_layers_are_named_of_the_newest_that_was_applied() -> None:
    refused, applied = golden_recalibrations()
    later = replace(refused, step=500)
    for entries, named in (
        ((refused, applied, later), [False, True, False]),
        ((refused, later), [False, True]),
        ((), []),
    ):
        rows = recalibrations(entries)
        assert [bool(row["layers"]) for row in rows] == named
        assert [bool(row["left"]) for row in rows] == named
        assert [row["step"] for row in rows] == [entry.step for entry in entries]
