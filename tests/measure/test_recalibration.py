"""The verdict of a recalibration, and how it reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.measure.recalibration import RecalibratedLayer, Recalibration, Score, worse

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("before", "after", "is_worse"),
    [
        (Score(loss=1.0), Score(loss=0.9), False),
        (Score(loss=1.0), Score(loss=1.0), False),
        (Score(loss=1.0), Score(loss=1.0 + 1e-6), False),  # rounding
        (Score(loss=1.0), Score(loss=1.001), True),
        (Score(loss=1.0, accuracy=0.9), Score(loss=0.9, accuracy=0.8), False),  # the loss says it
        (Score(accuracy=0.9), Score(accuracy=0.8), True),
        (Score(accuracy=0.8), Score(accuracy=0.9), False),
        (Score(distance=0.1), Score(distance=0.2), True),
        (Score(distance=0.2), Score(distance=0.1), False),
        (Score(loss=NAN, distance=NAN), Score(loss=2.0), False),
        (Score(loss=INF), Score(loss=2.0), False),
        (Score(loss=2.0), Score(loss=NAN), True),
        (Score(loss=2.0), Score(loss=INF), True),
        (Score(), Score(), False),
    ],
)
def test_what_is_worse(before: Score, after: Score, is_worse: bool) -> None:
    assert (worse(before, after) is not None) == is_worse


def test_scores_are_weighted_by_rows() -> None:
    scores = [Score(loss=1.0, distance=0.0), Score(loss=4.0, distance=1.0)]
    mean = Score.mean_of(scores, [30, 10])
    assert (mean.loss, mean.distance) == (1.75, 0.25)
    assert np.isnan(mean.accuracy)


def layer(path: str, mean_off: float, factor: float) -> RecalibratedLayer:
    return RecalibratedLayer(path=path, values=64.0, mean_off=mean_off, variance_factor=factor)


RESULT = Recalibration(
    model="net",
    layers=(layer("a", 0.0, 1.001), layer("b", 2.5, 4.0), layer("c", 0.1, 0.5)),
    left={"d": "frozen", "e": "frozen"},
    batches=200,
    rows=6400,
    passes=1,
    before=Score(loss=2.3, accuracy=0.1, distance=3.0),
    after=Score(loss=0.25, accuracy=0.9, distance=0.1),
    batch=Score(loss=0.24, accuracy=0.91, distance=0.0),
    applied=True,
)


def test_text_of_what_was_done() -> None:
    assert str(RESULT).splitlines() == [
        "Recalibrated 3 layers of 'net' from 200 batches (6,400 rows).",
        "  in inference mode         before     after   batch statistics",
        "  loss                         2.3      0.25               0.24",
        "  accuracy                     0.1       0.9               0.91",
        "  outputs off                    3       0.1                  0",
        "  furthest off were:",
        "    b: the mean by 2.5 standard deviations, the variance 4 times that of the data",
        "    c: the mean by 0.1 standard deviations, the variance 2 times below that of the data",
        "  left as they are: d, e (frozen)",
    ]
    assert "loss 2.3 -> 0.25" in repr(RESULT)
    assert RESULT.gap_before == pytest.approx(2.06)
    assert RESULT.gap_after == pytest.approx(0.01)


def test_text_of_what_was_not_done() -> None:
    refused = replace(RESULT, applied=False, reason="the loss would go from 1 to 2")
    assert str(refused).splitlines()[0] == (
        "Nothing changed in 'net': the loss would go from 1 to 2. 3 layers, 200 batches"
        " (6,400 rows)."
    )


def test_a_variance_that_was_right_is_not_told_as_1_times() -> None:
    right = replace(RESULT.layers[0], path="right", mean_off=3.0, variance_factor=0.999)
    text = str(replace(RESULT, layers=(right,)))
    assert "right: the mean by 3 standard deviations, the variance that of the data" in text


def test_how_far_off_a_layer_was() -> None:
    old = np.array([[3.0, 5.0, 1.0], [8.0, 8.0, 2.0]])
    new = np.array([[1.0, 1.0, 1.0], [4.0, 4.0, 4.0]])
    found = RecalibratedLayer.compare("a", 10.0, old, new, epsilon=0.0)
    assert found.mean_off == pytest.approx(1.0)  # of 1, 2 and 0
    assert found.variance_factor == pytest.approx(2.0)  # of 2, 2 and 1/2


@pytest.mark.parametrize(
    ("scales", "text"),
    [
        ({}, None),
        ({"bn": 255.2}, "what enters bn is 255.2 times as large as what its moving statistics"),
        ({"bn": 1 / 255, "b": 0.01}, "what enters bn (and 1 more) is 255 times as small as what"),
    ],
)
def test_data_of_another_scale_are_a_line(scales: dict[str, float], text: str | None) -> None:
    told = replace(RESULT, other_scale=scales)
    if text is None:
        assert told.warning is None
        assert "warning" not in str(told)
    else:
        assert str(told.warning).startswith(text)
        assert f"  warning: {told.warning}" in str(told).splitlines()
