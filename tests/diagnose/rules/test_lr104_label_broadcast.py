from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history, create_loss
from tests.support.judging import judge

# What was measured for 16 labels (16,) against predictions (16, 1): 2.3687, permuted the same.
MEASURED = 2.3687


def broadcast(**columns: Any) -> ModelHistory:
    values = {
        "measured": MEASURED,
        "permuted": MEASURED,
        "paired": 0.0105,
        "pairs_ratio": 1.0,
        "pairs_root_ratio": 0.9,
        "batch": 16.0,
        "label_rank": 1.0,
        "prediction_rank": 2.0,
        "label_elements": 16.0,
        "prediction_elements": 16.0,
        "broadcast_elements": 256.0,
        **columns,
    }
    loss = create_loss(static={"label_shape": [16], "prediction_shape": [16, 1]}, **values)
    return create_history(losses=[loss])


WITHIN = {"label_rank": 2.0, "broadcast_elements": 16.0}

# Logits of a network at its start: rolling the labels moves the loss by half of what pairing does.
NEARLY_ALIKE = {"permuted": MEASURED * (1 + 0.9e-4), "paired": MEASURED * (1 + 1.8e-4)}

FINDINGS = {
    "(N,) against (N, 1)": broadcast(),
    "(N, 1) against (N,)": broadcast(label_rank=2.0, prediction_rank=1.0),
    "another order of the sum": broadcast(permuted=MEASURED * (1 + 0.99e-4)),
    "just as all pairs": broadcast(pairs_ratio=1 + 0.99e-3),
    "a sum over all pairs": broadcast(pairs_ratio=8.0),
    "the root of a mean": broadcast(pairs_ratio=1.1, pairs_root_ratio=1.0),
    "a sum, two rows": broadcast(batch=2.0, pairs_ratio=2.0),
    "just other than paired": broadcast(paired=MEASURED * (1 + 1.01e-4)),
    "other than paired in one record": broadcast(paired=[MEASURED, 0.0105, MEASURED]),
    "within the loss": broadcast(**WITHIN),
    "a sum within the loss": broadcast(**WITHIN | {"pairs_ratio": 64.0}),
    "two rows": broadcast(label_elements=2.0, prediction_elements=2.0, broadcast_elements=4.0),
}

SILENT = {
    "paired all the same, as Keras 3 does": broadcast(measured=0.0105, permuted=1.7598),
    "just changed by permuting": broadcast(permuted=MEASURED * (1 + 1.01e-4)),
    "labels are ignored, shapes agree": broadcast(**WITHIN | {"paired": MEASURED}),
    "pairs of one shape not measured": broadcast(**WITHIN | {"pairs_ratio": np.nan}),
    "class numbers against classes": broadcast(
        prediction_elements=160.0, broadcast_elements=np.nan
    ),
    "contrastive, labels do not broadcast": broadcast(broadcast_elements=np.nan),
    "labels all alike": broadcast(labels_alike=1.0),
    "a single row": broadcast(label_elements=1.0, prediction_elements=1.0, broadcast_elements=1.0),
    "not permuted": broadcast(permuted=np.nan),
    "labels are ignored": broadcast(paired=MEASURED),
    "just as paired": broadcast(paired=MEASURED * (1 + 0.99e-4)),
    "not paired": broadcast(paired=np.nan),
    "predictions that are nearly alike": broadcast(**NEARLY_ALIKE),
    "of one shape, and nearly alike": broadcast(**WITHIN | NEARLY_ALIKE),
    "just not as all pairs": broadcast(pairs_ratio=1 + 1.01e-3),
    "sorted values are compared": broadcast(pairs_ratio=0.2, pairs_root_ratio=0.15),
    "pairs not known": broadcast(pairs_ratio=np.nan, pairs_root_ratio=np.nan),
    "once paired": broadcast(permuted=[MEASURED, 2 * MEASURED, MEASURED]),
    "sizes not known": broadcast(label_elements=np.nan),
    "no loss": create_history(),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("LR104", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (1, 3))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("LR104", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize(
    "name",
    [
        "labels all alike",
        "not permuted",
        "labels are ignored",
        "not paired",
        "pairs not known",
        "sizes not known",
    ],
)
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("LR104", SILENT[name]).status == "not_checked"


def test_says_the_shapes() -> None:
    assert (
        "(16,) and predictions (16, 1)" in judge("LR104", FINDINGS["(N,) against (N, 1)"]).message
    )


def test_the_cure_goes_by_which_has_the_axis_too_many() -> None:
    assert "y[..., None]" in judge("LR104", FINDINGS["(N,) against (N, 1)"]).fix
    assert "tf.squeeze(y, axis=-1)" in judge("LR104", FINDINGS["(N, 1) against (N,)"]).fix


def classes(keras_class: str = "MeanSquaredError", **columns: Any) -> ModelHistory:
    """Class numbers (16, 1) against ten outputs."""
    values = {
        "batch": 16.0,
        "label_elements": 16.0,
        "prediction_elements": 160.0,
        "broadcast_elements": 160.0,
        "labels_are_classes": 1.0,
        **columns,
    }
    static = {"keras_class": keras_class, "label_shape": [16, 1], "prediction_shape": [16, 10]}
    return create_history(losses=[create_loss(static=static, **values)])


@pytest.mark.parametrize("keras_class", ["MeanSquaredError", "Huber"])
def test_class_numbers_in_a_loss_of_numbers_are_a_warning(keras_class: str) -> None:
    outcome = judge("LR104", classes(keras_class))
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert "each of the 10 outputs" in outcome.message
    assert "SparseCategoricalCrossentropy" in outcome.fix


@pytest.mark.parametrize(
    "history",
    [
        classes("SparseCategoricalCrossentropy"),
        classes(labels_are_classes=0.0),
        classes(labels_are_classes=[1.0, 0.0, 1.0]),
        classes(labels_are_classes=np.nan),
    ],
)
def test_classes_in_their_own_loss_and_numbers_in_theirs_are_fine(history: ModelHistory) -> None:
    assert judge("LR104", history).status == "ok"


def mixed(of: float, column: float = np.nan, **columns: Any) -> ModelHistory:
    """Labels (16, 2) against predictions (16, 3), of which a part meets every row."""
    values = {
        "measured": MEASURED,
        "permuted": 2 * MEASURED,
        "paired": 0.9 * MEASURED,
        "pairs_ratio": 1.0,
        "pairs_root_ratio": 0.8,
        "batch": 16.0,
        "pairs_of": of,
        "pairs_column": column,
        "label_rank": 2.0,
        "prediction_rank": 2.0,
        "broadcast_elements": np.nan,
        "label_elements": 32.0,
        "prediction_elements": 48.0,
        **columns,
    }
    static = {"label_shape": [16, 2], "prediction_shape": [16, 3]}
    return create_history(losses=[create_loss(static=static, **values)])


@pytest.mark.parametrize(
    ("history", "what", "cure"),
    [
        (mixed(0.0), "the label of every row", "y_pred[:, i:i + 1]"),
        (mixed(1.0, 2.0), "column 2 of the predictions of every row", "columns"),
        (mixed(2.0), "the weight of every row", "sample_weight"),
        (mixed(3.0), "the target of every row", "one number a row"),
        (mixed(0.0, permuted=MEASURED), "the label of every row", "y_pred"),
        (mixed(0.0, pairs_ratio=8.0), "the label of every row", "y_pred"),
        (mixed(1.0, 2.0, paired=MEASURED * 0.979), "column 2", "columns"),
    ],
)
def test_a_part_of_each_row_that_meets_every_row(
    history: ModelHistory, what: str, cure: str
) -> None:
    outcome = judge("LR104", history)
    assert (outcome.status, outcome.severity) == ("finding", "error")
    assert what in outcome.message
    assert "(16, 2), predictions (16, 3)" in outcome.message
    assert cure in outcome.fix


@pytest.mark.parametrize(
    "history",
    [
        mixed(np.nan),
        mixed(1.0, 2.0, paired=MEASURED * 0.981),
        mixed(1.0, 2.0, pairs_ratio=1.0011),
        mixed(9.0, permuted=MEASURED),  # of a later version
    ],
)
def test_parts_that_meet_their_own_row(history: ModelHistory) -> None:
    assert judge("LR104", history).status in {"ok", "not_checked"}
