from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.dashboard.placement import PlacedSeries, place
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.logs.provider import ScalarSeries
from tb_bnplugin.schema.facts import Phase
from tests.support.histories import create_history

# Records at steps 10, 20, ... 1,000, one second a step: step s is at 1000 + s seconds.
HISTORY = replace(
    create_history(steps=range(10, 1001, 10), layers=1),
    epochs=((0, 250), (1, 500), (2, 750), (3, 1000)),
)


def placed(
    tag: str,
    steps: Sequence[int],
    wall_times: Sequence[float] | None = None,
    *,
    run: str = "train",
    history: ModelHistory = HISTORY,
) -> PlacedSeries:
    series = ScalarSeries(
        run=run,
        tag=tag,
        steps=np.array(steps, np.int64),
        wall_times=np.array(
            [1000.0 + step for step in steps] if wall_times is None else wall_times
        ),
        values=np.arange(float(len(steps))),
    )
    return place(history, [series])[0]


@pytest.mark.parametrize(
    "tag", ["batch_loss", "evaluation_loss_vs_iterations", "my own/loss", "gradient norm"]
)
def test_scalars_on_steps_stay_there(tag: str) -> None:
    result = placed(tag, [1, 500, 1000])
    assert (result.placed, result.steps.tolist()) == ("step", [1, 500, 1000])


def test_epoch_scalars_lie_at_the_end_of_their_epoch() -> None:
    result = placed("epoch_loss", [0, 1, 3], [1251, 1501, 2001])
    assert (result.placed, result.steps.tolist()) == ("epoch", [250, 500, 1000])


def test_epoch_scalars_of_unknown_epochs_lie_at_their_time() -> None:
    without = replace(HISTORY, epochs=())
    result = placed("epoch_loss", [0, 1], [1250, 1500], history=without)
    assert (result.placed, result.steps.tolist()) == ("wall_time", [250, 500])


# The same training as two fits of 500 steps.
TWO_FITS = replace(
    HISTORY,
    epochs=((0, 250), (1, 500), (0, 750), (1, 1000)),
    phases=(
        Phase(number=1, step=1, wall_time=1000.5, reason="fit"),
        Phase(number=2, step=501, wall_time=1500.5, reason="fit"),
    ),
)


def test_epochs_that_restart_are_told_apart_by_their_time() -> None:
    result = placed("epoch_loss", [0, 1, 0, 1], [1251, 1502, 1751, 2002], history=TWO_FITS)
    assert (result.placed, result.steps.tolist()) == ("epoch", [250, 500, 750, 1000])
    assert result.given_from is None


def test_epochs_of_a_second_fit_alone_lie_at_their_ends_and_say_where_they_begin() -> None:
    result = placed("epoch_loss", [0, 1], [1751, 2002], history=TWO_FITS)
    assert (result.placed, result.steps.tolist()) == ("epoch", [750, 1000])
    assert result.given_from == 501


def test_two_scalars_of_one_epoch_lie_at_their_time() -> None:
    result = placed("epoch_loss", [0, 0], [1240, 1250])
    assert (result.placed, result.steps.tolist()) == ("wall_time", [240, 250])


def test_batches_that_a_second_fit_counts_anew_are_counted_on() -> None:
    result = placed("batch_loss", [1, 500, 1, 500], [1001, 1500, 1503, 2000], history=TWO_FITS)
    assert (result.placed, result.steps.tolist()) == ("step", [1, 500, 501, 1000])
    assert result.given_from is None


def test_batches_of_a_second_fit_alone_are_counted_on_and_say_where_they_begin() -> None:
    result = placed("batch_loss", [1, 250, 500], [1503, 1750, 2000], history=TWO_FITS)
    assert (result.placed, result.steps.tolist()) == ("step", [501, 750, 1000])
    assert result.given_from == 501


def test_a_short_fit_is_told_from_the_one_before_it() -> None:
    """Forty steps each: too close for wall times, were it not known which fit wrote them."""
    short = replace(
        create_history(steps=range(1, 81), layers=1),
        phases=(TWO_FITS.phases[0], replace(TWO_FITS.phases[1], step=41, wall_time=1040.5)),
    )
    result = placed("batch_loss", [1, 20, 40], [1041, 1060, 1080], history=short)
    assert (result.placed, result.steps.tolist()) == ("step", [41, 60, 80])


@pytest.mark.parametrize("tag", ["evaluation_loss_vs_iterations", "my own/loss"])
def test_scalars_that_count_all_steps_stay_there_in_every_fit(tag: str) -> None:
    result = placed(tag, [250, 500, 501, 750, 1000], history=TWO_FITS)
    assert (result.placed, result.steps.tolist()) == ("step", [250, 500, 501, 750, 1000])
    assert result.given_from is None


def test_own_scalars_on_epochs_lie_at_their_time_in_a_second_fit_too() -> None:
    result = placed("val_accuracy", [0, 1, 0, 1], [1250, 1500, 1750, 2000], history=TWO_FITS)
    assert (result.placed, result.steps.tolist()) == ("wall_time", [250, 500, 750, 1000])


def test_batch_scalars_that_restart_lie_at_their_time() -> None:
    result = placed("batch_loss", [100, 500, 100, 500], [1100, 1500, 1600, 2000])
    assert (result.placed, result.steps.tolist()) == ("wall_time", [100, 500, 600, 1000])


def test_batch_scalars_whose_first_round_is_not_given_lie_at_their_time() -> None:
    result = placed("batch_loss", [100, 200, 300], [1600, 1700, 1800])
    assert (result.placed, result.steps.tolist()) == ("wall_time", [600, 700, 800])


def test_own_scalars_on_epochs_lie_at_their_time() -> None:
    result = placed("val_accuracy", [0, 1, 2, 3], [1250, 1500, 1750, 2000])
    assert (result.placed, result.steps.tolist()) == ("wall_time", [250, 500, 750, 1000])


def test_scalars_of_another_time_stay_on_their_steps() -> None:
    result = placed("loss", [10, 20], [900_000, 900_010])
    assert (result.placed, result.steps.tolist()) == ("step", [10, 20])


def test_scalars_without_a_record_stay_on_their_steps() -> None:
    assert placed("loss", [10, 20], history=create_history(steps=[])).placed == "step"


def test_points_ascend_in_step() -> None:
    result = placed("loss", [30, 10, 20], [1030, 1010, 1020])
    assert (np.diff(result.steps) >= 0).all()


def test_kind_follows_from_the_tag() -> None:
    assert placed("epoch_val_loss", [1]).kind == "loss"


@pytest.mark.parametrize(
    ("run", "tag", "validation"),
    [
        ("validation", "epoch_loss", True),
        ("a/validation", "epoch_loss", True),
        ("train", "val_loss", True),
        ("train", "evaluation_loss_vs_iterations", True),
        ("train", "batch_loss", False),
        ("train", "interval", False),
        ("validation/train", "loss", False),
    ],
)
def test_validation_is_known_by_tag_or_run(run: str, tag: str, *, validation: bool) -> None:
    assert placed(tag, [1], run=run).validation is validation
