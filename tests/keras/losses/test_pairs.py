"""Whether a loss compares every label with every prediction, on losses that do and do not."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.schema.columns import LOSS_COLUMNS


def measured(loss: Any, labels: Any, predictions: Any) -> dict[str, float]:
    from tb_bnplugin.keras.losses.measure import measure

    vector, _ = measure(loss, labels, predictions)
    return dict(zip(LOSS_COLUMNS, vector.tolist(), strict=True))


def test_labels_in_the_shape_of_the_predictions(tensorflow: ModuleType) -> None:
    tf = tensorflow
    labels = np.arange(8, dtype="float32")
    predictions = labels[:, np.newaxis] + 0.5

    def mean(a: Any, b: Any) -> Any:
        return tf.reduce_mean((a - b) ** 2)

    def root(a: Any, b: Any) -> Any:
        return tf.sqrt(mean(a, b))

    def total(a: Any, b: Any) -> Any:
        return tf.reduce_sum((a - b) ** 2)

    def in_order(a: Any, b: Any) -> Any:
        return tf.reduce_mean(tf.abs(tf.sort(a) - tf.sort(b[:, 0])))

    def ignores(a: Any, b: Any) -> Any:
        return tf.reduce_mean(b)

    every_pair = float(np.mean((labels[np.newaxis, :] - predictions) ** 2))
    found = measured(mean, labels, predictions)
    assert (found["measured"], found["paired"]) == pytest.approx((every_pair, 0.25), rel=1e-5)
    assert found["pairs_ratio"] == pytest.approx(1.0, rel=1e-5)
    found = measured(root, labels, predictions)
    assert found["pairs_root_ratio"] == pytest.approx(1.0, rel=1e-5)
    assert abs(found["pairs_ratio"] - 1.0) > 0.01
    assert measured(total, labels, predictions)["pairs_ratio"] == pytest.approx(8.0, rel=1e-5)
    found = measured(in_order, labels, predictions)
    assert math.isnan(found["pairs_ratio"])  # in the shape of the predictions, too, order is lost
    found = measured(ignores, labels, predictions)
    assert found["paired"] == found["measured"]
    assert math.isnan(measured(ignores, labels, np.repeat(predictions, 3, axis=1))["paired"])
    assert math.isnan(measured(mean, labels, predictions[:, 0])["paired"])


def test_pairs_that_are_all_apart_in_one_direction_show_nothing(tensorflow: ModuleType) -> None:
    tf = tensorflow
    random = np.random.default_rng(0)
    predictions = random.normal(size=(16, 1)).astype("float32")
    far = random.normal(10.0, 1.0, 16).astype("float32")  # each is larger than any prediction

    def in_order(a: Any, b: Any) -> Any:
        return tf.reduce_mean(tf.abs(tf.sort(a) - tf.sort(b[:, 0])))

    def over_pairs(a: Any, b: Any) -> Any:
        return tf.reduce_mean(tf.abs(a - b))

    # the mean of |a - b| is mean(a) - mean(b), whichever rows meet
    assert measured(in_order, far, predictions)["measured"] == pytest.approx(
        measured(over_pairs, far, predictions)["measured"], rel=1e-5
    )
    for loss in (in_order, over_pairs):
        assert math.isnan(measured(loss, far, predictions)["pairs_ratio"])
    near = (predictions[:, 0] + 0.1).astype("float32")
    assert measured(over_pairs, near, predictions)["pairs_ratio"] == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize(
    ("spelling", "reduced"),
    [
        ("tf.reduce_mean(tf.square(a - tf.squeeze(b, -1)))", "pairs_ratio"),
        ("tf.reduce_mean(tf.abs(tf.squeeze(a) - b))", "pairs_ratio"),
        ("tf.reduce_mean((a[:, 0] - b) ** 2)", "pairs_ratio"),
        ("tf.sqrt(tf.reduce_mean(tf.square(a - tf.reshape(b, [-1]))))", "pairs_root_ratio"),
        ("tf.reduce_mean(tf.math.squared_difference(tf.reduce_sum(a, -1), b))", "pairs_ratio"),
        ("tf.reduce_sum(tf.square(a - tf.transpose(b)))", "sum"),
    ],
)
def test_a_loss_that_broadcasts_within(tensorflow: ModuleType, spelling: str, reduced: str) -> None:
    random = np.random.default_rng(0)
    labels = random.normal(size=(16, 1)).astype("float32")
    predictions = labels + 0.1 * random.normal(size=(16, 1)).astype("float32")
    found = measured(eval(f"lambda a, b: {spelling}", {"tf": tensorflow}), labels, predictions)
    ratio = found["pairs_ratio"] / 64 if reduced == "sum" else found[reduced]
    assert ratio == pytest.approx(1.0, rel=1e-4)
    assert found["paired"] < 0.2 * found["measured"]


def test_a_loss_that_ignores_labels_of_one_shape(tensorflow: ModuleType) -> None:
    values = np.random.default_rng(0).normal(size=(16, 1)).astype("float32")
    found = measured(lambda _, b: tensorflow.reduce_mean(b), values, values + 1)
    assert found["paired"] == pytest.approx(found["measured"], rel=1e-4)


def _rows(columns: int) -> tuple[Any, Any]:
    random = np.random.default_rng(7)
    labels = random.normal(size=(12, 2)).astype("float32")
    return labels, random.normal(size=(12, columns)).astype("float32")


MIXED = {
    # a column of the labels against one of the predictions: (N,) - (N, 1)
    "prediction column": (
        "tf.reduce_mean(tf.square(y[:, 1] - p[:, 2:]) * tf.square(p[:, 0]))",
        ("predictions", 2.0),
    ),
    "label column": (
        "tf.reduce_mean(tf.abs(y[:, 1:] - p[:, 0]) + tf.abs(y[:, 1:] - p[:, 1]) * y[:, 0])",
        ("labels", 1.0),
    ),
    "label size": (
        "tf.reduce_mean(tf.square(tf.reduce_sum(y, 1, keepdims=True) - p[:, 0]))",
        ("labels", np.nan),
    ),
    "a sum": ("tf.reduce_sum(tf.abs(y[:, :1] - p[:, 1]))", ("labels", np.nan)),
    "a root": ("tf.sqrt(tf.reduce_mean(tf.square(y[:, :1] - p[:, 1])))", ("labels", np.nan)),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_part_of_each_row_that_meets_every_row(tensorflow: ModuleType, name: str) -> None:
    from tb_bnplugin.schema.columns import PAIRS_OF

    spelling, (of, column) = MIXED[name]
    loss = eval(f"lambda y, p: {spelling}", {"tf": tensorflow})
    labels, predictions = _rows(3)
    found = measured(loss, labels, predictions)
    assert PAIRS_OF[int(found["pairs_of"])] == of
    assert found["pairs_column"] == pytest.approx(column, nan_ok=True)
    whole = loss(tensorflow.constant(labels), tensorflow.constant(predictions))
    assert found["measured"] == pytest.approx(float(whole), rel=1e-6)
    # of the first rows, each by itself, against all pairs of them
    some, of_them = labels[:8], predictions[:8]
    alone = [float(loss(some[[i]], of_them[[i]])) for i in range(8)]
    if name in ("prediction column", "label column", "label size"):
        pairs = float(loss(tensorflow.constant(some), tensorflow.constant(of_them)))
        assert found["paired"] / found["measured"] == pytest.approx(
            np.mean(alone) / pairs, rel=1e-3
        )


def test_a_matrix_of_targets_and_a_vector_of_predictions(tensorflow: ModuleType) -> None:
    from tb_bnplugin.schema.columns import PAIRS_OF

    random = np.random.default_rng(8)
    reward = random.normal(size=(12, 1)).astype("float32")
    best = random.normal(size=12).astype("float32")
    taken = reward[:, 0] + best + 0.1 * random.normal(size=12).astype("float32")
    found = measured(lambda y, p: tensorflow.reduce_mean((y - p) ** 2), reward + best, taken)
    assert PAIRS_OF[int(found["pairs_of"])] == "targets"
    of_rows = np.mean((reward[:8, 0] + best[:8] - taken[:8]) ** 2)
    of_pairs = np.mean((reward[:8] + best[:8] - taken[:8]) ** 2)
    assert found["paired"] / found["measured"] == pytest.approx(of_rows / of_pairs, rel=1e-4)


def _weighted(tensorflow: ModuleType, shape: tuple[int, ...]) -> dict[str, float]:
    from tb_bnplugin.keras.losses.measure import LossOptions, measure

    labels, predictions = _rows(2)
    weights = np.random.default_rng(6).random(12).astype("float32").reshape(shape)

    def loss(y: Any, p: Any, sample_weight: Any) -> Any:
        return tensorflow.reduce_mean(
            tensorflow.reduce_mean(tensorflow.square(y - p), 1) * sample_weight
        )

    vector, _ = measure(loss, labels, predictions, LossOptions(sample_weight=weights))
    return dict(zip(LOSS_COLUMNS, vector.tolist(), strict=True))


def test_weights_of_rows_in_a_column(tensorflow: ModuleType) -> None:
    from tb_bnplugin.schema.columns import PAIRS_OF

    assert PAIRS_OF[int(_weighted(tensorflow, (12, 1))["pairs_of"])] == "weights"
    assert math.isnan(_weighted(tensorflow, (12,))["pairs_of"])


ON_PURPOSE = {
    "of its rows": "tf.reduce_mean(tf.square(y[:, 0] - p[:, 2]) * tf.square(p[:, 0]))",
    "a sum of its rows": "tf.reduce_sum(tf.square(y[:, 0] - p[:, 2]))",
    "root of its rows": "tf.sqrt(tf.reduce_mean(tf.square(y[:, 0] - p[:, 2])))",
    "negatives of the batch": (
        "tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits("
        "tf.range(tf.shape(p)[0]), tf.matmul(y, p[:, :2], transpose_b=True)))"
    ),
    "sigmoid over all pairs": (
        "tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits("
        "tf.eye(tf.shape(p)[0]), tf.matmul(y, p[:, :2], transpose_b=True)))"
    ),
    "ranked pairs": "tf.reduce_mean(tf.nn.relu(y[:, :1] - p[:, 0] + y[:, 0] - p[:, :1] + 1.0))",
    "distances of all pairs": (
        "tf.reduce_mean(tf.square(tf.abs(y[:, :1] - y[:, 0]) - tf.abs(p[:, :1] - p[:, 0])))"
    ),
    "energy distance beside rows": (
        "tf.reduce_mean(tf.square(y[:, 0] - p[:, 0])) + 2 * tf.reduce_mean("
        "tf.abs(y[:, :1] - p[:, 1])) - tf.reduce_mean(tf.abs(p[:, 1:2] - p[:, 1]))"
    ),
    "means are compared": "tf.square(tf.reduce_mean(y[:, 0]) - tf.reduce_mean(p[:, 0]))",
    "means are subtracted": "tf.reduce_mean(y[:, 0]) - tf.reduce_mean(p[:, 0])",
    "overlap of the batch": "1 - 2 * tf.reduce_sum(y[:, 0] * p[:, 0]) / tf.reduce_sum(y**2 + 1)",
    "centred": "tf.reduce_mean((y[:, 0] - tf.reduce_mean(y[:, 0])) * p[:, 0])",
    "labels are ignored": "tf.reduce_mean(tf.square(p)) * tf.reduce_max(tf.abs(p))",
}


@pytest.mark.parametrize("name", ON_PURPOSE)
def test_rows_that_are_compared_on_purpose_are_not_taken_for_it(
    tensorflow: ModuleType, name: str
) -> None:
    loss = eval(f"lambda y, p: {ON_PURPOSE[name]}", {"tf": tensorflow})
    found = measured(loss, *_rows(3))
    assert math.isfinite(found["measured"])
    assert math.isnan(found["pairs_of"])
