"""The step of the last recalibration of each layer by each record."""

from __future__ import annotations

import numpy as np

from tb_bnplugin.history.model import Recalibrated
from tb_bnplugin.history.recalibrated import recalibrated_columns
from tb_bnplugin.schema.recalibrations import MovedLayer, RecalibrationFacts, ScoreFacts
from tests.support.histories import create_history

HISTORY = create_history(steps=(10, 20, 30), layers=2)


def made(step: int, *paths: str, applied: bool = True) -> Recalibrated:
    score = ScoreFacts()
    facts = RecalibrationFacts(
        applied=applied,
        reason=None,
        batches=1,
        rows=32,
        passes=1,
        before=score,
        after=score,
        batch=score,
        moved=len(paths),
        layers=tuple(MovedLayer(path=path) for path in paths),
    )
    return Recalibrated(step=step, facts=facts)


def test_the_last_one_by_each_record() -> None:
    entries = [made(10, "bn_0", "gone"), made(15, "bn_0", "bn_1"), made(30, "bn_1")]
    (column,) = recalibrated_columns(entries, HISTORY.facts.layers, HISTORY.steps).values()
    nan = np.nan
    np.testing.assert_array_equal(column, [[10.0, nan], [15.0, 15.0], [15.0, 30.0]])


def test_one_that_was_not_applied_is_none() -> None:
    entries = [made(10, "bn_0", applied=False)]
    assert recalibrated_columns(entries, HISTORY.facts.layers, HISTORY.steps) == {}
