from __future__ import annotations

import numpy as np

from tb_bnplugin.dashboard.payload.scalars import scalars
from tb_bnplugin.dashboard.placement import PlacedSeries


def placed(tag: str, given_from: int | None) -> PlacedSeries:
    return PlacedSeries(
        run="train",
        tag=tag,
        kind="loss",
        validation=False,
        placed="step",
        steps=np.array([1201.0]),
        values=np.array([0.5]),
        given_from=given_from,
    )


def test_scalars_that_are_all_there_need_no_note() -> None:
    assert scalars([placed("batch_loss", None)])["notes"] == []


def test_what_an_earlier_fit_wrote_and_is_not_given_is_told_once() -> None:
    tags = {"batch_loss": 1201, "epoch_loss": 1201, "own": None}
    (note,) = scalars([placed(tag, step) for tag, step in tags.items()])["notes"]
    assert "batch_loss and 1 more" in note
    assert "before step 1,201" in note
    assert "--load_fast=false" in note


def test_a_tag_of_several_runs_is_named_once() -> None:
    (note,) = scalars([placed("epoch_loss", 41), placed("epoch_loss", 41)])["notes"]
    assert "Not shown of epoch_loss: what was written before step 41." in note
