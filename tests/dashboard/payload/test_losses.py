from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload.losses import loss_rows
from tb_bnplugin.schema.facts import LossFacts
from tests.support.histories import create_gradient, create_history, create_loss

# Mean squared errors of 32 rows and 10 outputs whose squares sum to 160: Keras' mean is 0.5.
READINGS: list[tuple[dict[str, Any], str]] = [
    ({}, "mean over the batch and 10 outputs, as Keras' MeanSquaredError"),
    (
        {"measured": 5.0, "doubled": 5.0},
        "sum over 10 outputs, mean over the batch: 10 times Keras' MeanSquaredError",
    ),
    (
        {"measured": 5.0, "doubled": 10.0},
        (
            "sum over 10 outputs and the batch, divided by a fixed 32:"
            " doubling the batch doubles the step"
        ),
    ),
    (
        {"measured": 0.5, "doubled": 1.0},
        (
            "mean over 10 outputs, sum over the batch divided by a fixed 32:"
            " doubling the batch doubles the step"
        ),
    ),
    (
        {"measured": 16.0, "doubled": 32.0},
        "mean over 10 outputs, sum over the batch: doubling the batch doubles the step",
    ),
    (
        {"measured": 160.0, "doubled": 320.0},
        "sum over the batch and 10 outputs: doubling the batch doubles the step",
    ),
    (
        {"measured": 0.25, "doubled": 0.25, "replicas": 2.0},
        "mean over the batch and 10 outputs, divided by 2 replicas: 1/2 of Keras' MeanSquaredError",
    ),
    (
        {"measured": 16.0, "doubled": 32.0, "elements": 32.0},
        (
            "a vector of 32 values, which a tape sums: mean over 10 outputs, sum over the batch:"
            " doubling the batch doubles the step"
        ),
    ),
    (
        {"measured": 16.0, "doubled": 32.0, "elements": 32.0, "value_given": 0.5},
        (
            "a vector of 32 values, which the loop reduces: mean over the batch and 10 outputs,"
            " as Keras' MeanSquaredError"
        ),
    ),
    (
        {"outputs": 1.0, "measured": 0.25, "doubled": 0.5},
        "sum over the batch, divided by a fixed 64: doubling the batch doubles the step",
    ),
    (
        {"keras_mean": np.nan, "measured": 3.0, "doubled": 3.0},
        "mean over the batch: its size does not change the step",
    ),
    (
        {"keras_mean": np.nan, "measured": 3.0, "doubled": 6.0},
        "sum over the batch, or divided by a fixed number: doubling the batch doubles the step",
    ),
    ({"measured": 1.0, "doubled": 1.5}, "doubling the batch multiplies it by 1.5"),
    (
        {"measured": 1.0, "doubled": np.nan},
        "2 times Keras' MeanSquaredError; its dependence on the batch size was not measured",
    ),
    ({"measured": np.nan}, "no finite value was measured"),
]


@pytest.mark.parametrize(("columns", "reading"), READINGS)
def test_reading_says_what_the_loss_does(columns: dict[str, Any], reading: str) -> None:
    (row,) = loss_rows(create_history(losses=[create_loss(**columns)]))
    assert row["reading"] == reading


def test_equal_learning_rate_undoes_the_factor() -> None:
    loss = create_loss(measured=5.0, doubled=10.0)
    (row,) = loss_rows(create_history(losses=[loss]))
    assert (row["measured"]["factor"], row["measured"]["equal_learning_rate"]) == (10.0, 0.1)


def compiled(**changes: Any) -> LossFacts:
    facts: dict[str, Any] = {
        "name": "loss",
        "loss_class": "MeanSquaredError",
        "reduction": "sum",
        "label_shape": (None, 10),
        "prediction_shape": (None, 10),
        "label_dtype": "float32",
        "prediction_dtype": "float32",
        "weighted": False,
    }
    return LossFacts(**{**facts, **changes})


def test_compiled_loss_is_read_without_measurement() -> None:
    (row,) = loss_rows(create_history(facts={"losses": (compiled(),)}))
    assert row["measured"] is None
    assert row["reading"] == (
        "compiled as a sum over the batch: doubling the batch doubles the step; not measured"
    )


def test_measured_and_compiled_loss_of_one_name_are_one_row() -> None:
    history = create_history(
        losses=[create_loss()], facts={"losses": (compiled(), compiled(name="aux"))}
    )
    assert [(row["name"], row["phase"]) for row in loss_rows(history)] == [("loss", 1), ("aux", 1)]


def test_a_measured_loss_of_which_nothing_else_is_known() -> None:
    loss = replace(create_loss(), facts=None)
    (row,) = loss_rows(create_history(losses=[loss]))
    assert (row["reduction"], row["label_shape"], row["keras_class"]) == (None, None, None)
    assert row["measured"]["factor"] == 1.0


def test_the_share_of_the_values_that_count_is_the_newest() -> None:
    loss = create_loss(counted_share=[np.nan, 0.5, 0.25])
    (row,) = loss_rows(create_history(losses=[loss]))
    assert row["measured"]["counted_share"] == 0.25
    assert row["gradient"] is None


def test_a_gradient_stands_with_the_loss_of_its_name() -> None:
    gradient = create_gradient("aux", factor=10.0, cosine=1.0, steps=1.0, passes=1.0)
    history = create_history(losses=[create_loss(), create_loss("aux")])
    rows = loss_rows(replace(history, gradients=(gradient,)))
    assert [row["name"] for row in rows if row["gradient"]] == ["aux"]


def test_a_gradient_of_a_loss_that_nothing_else_is_known_of_has_a_row() -> None:
    gradient = create_gradient(factor=10.0, cosine=1.0, steps=1.0, passes=1.0)
    (row,) = loss_rows(replace(create_history(), gradients=(gradient,)))
    assert (row["name"], row["measured"], row["gradient"]["factor"]) == ("loss", None, 10.0)


@pytest.mark.parametrize(
    ("factor", "cosine", "equal"),
    [(4.0, 1.0, 0.25), (4.0, 0.8, None), ([1.0, 2.0, 4.0], 1.0, None)],
)
def test_the_equal_learning_rate_is_of_what_is_differentiated(
    factor: Any, cosine: float, equal: float | None
) -> None:
    gradient = create_gradient(factor=factor, cosine=cosine, steps=1.0, passes=1.0)
    history = create_history(losses=[create_loss(measured=5.0, doubled=10.0)])
    (row,) = loss_rows(replace(history, gradients=(gradient,)))
    assert (row["measured"]["factor"], row["measured"]["equal_learning_rate"]) == (10.0, equal)
