"""A loss of several outputs is measured output by output, or left out with the reason."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.schema.columns import LOSS_COLUMNS
from tests.conftest import Flavour

RANDOM = np.random.default_rng(0)
A, B, C = (RANDOM.normal(size=(8, size)).astype("float32") for size in (3, 3, 5))
PA, PB, PC = (RANDOM.normal(size=each.shape).astype("float32") for each in (A, B, C))


def mse(labels: Any, predictions: Any) -> float:
    return float(np.square(labels - predictions).mean())


def mae(labels: Any, predictions: Any) -> float:
    return float(np.abs(labels - predictions).mean())


def measured(
    keras: Any, loss: Any, labels: Any, predictions: Any, **options: Any
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """The columns by name of the output, and why others are left out."""
    from tb_bnplugin.keras.losses.measure import LossOptions, measure
    from tb_bnplugin.keras.losses.outputs import measure_outputs

    all_options = LossOptions(keras=keras, **options)
    found = measure_outputs(loss, labels, predictions, all_options, measure)
    columns = {
        facts.name: dict(zip(LOSS_COLUMNS, vector.tolist(), strict=True))
        for vector, facts in found.found
    }
    return columns, found.skipped


STRUCTURES: dict[str, tuple[Any, Any, Any, dict[str, float]]] = {
    "one": ("mse", A, PA, {"loss": mse(A, PA)}),
    "one in a list": ("mse", [A], [PA], {"loss": mse(A, PA)}),
    "one in a list, labels alone": ("mse", A, [PA], {"loss": mse(A, PA)}),
    "one in a dict": ("mse", {"a": A}, {"a": PA}, {"loss": mse(A, PA)}),
    "a list of equal shapes": (
        "mse",
        [A, B],
        [PA, PB],
        {"loss/0": mse(A, PA), "loss/1": mse(B, PB)},
    ),
    "a tuple of other shapes": (
        "mse",
        (A, C),
        (PA, PC),
        {"loss/0": mse(A, PA), "loss/1": mse(C, PC)},
    ),
    "a dict": (
        "mse",
        {"a": A, "c": C},
        {"c": PC, "a": PA},
        {"loss/a": mse(A, PA), "loss/c": mse(C, PC)},
    ),
    "a dict of losses": (
        {"a": "mse", "c": "mae"},
        {"a": A, "c": C},
        {"a": PA, "c": PC},
        {"loss/a": mse(A, PA), "loss/c": mae(C, PC)},
    ),
    "a list of losses": (
        ["mse", "mae"],
        [A, C],
        [PA, PC],
        {"loss/0": mse(A, PA), "loss/1": mae(C, PC)},
    ),
    "a loss for one output of two": (
        {"c": "mae"},
        {"a": A, "c": C},
        {"a": PA, "c": PC},
        {"loss/c": mae(C, PC)},
    ),
    "no loss for the second output": (["mse", None], [A, C], [PA, PC], {"loss/0": mse(A, PA)}),
    "no labels for the second output": ("mse", [A, None], [PA, PC], {"loss/0": mse(A, PA)}),
    "labels of more than the outputs": (
        "mse",
        {"a": A, "b": B},
        {"a": PA, "b": PB, "c": PC},
        {"loss/a": mse(A, PA), "loss/b": mse(B, PB)},
    ),
    "nested": (
        "mse",
        {"heads": [A, C], "other": B},
        {"heads": [PA, PC], "other": PB},
        {"loss/heads/0": mse(A, PA), "loss/heads/1": mse(C, PC), "loss/other": mse(B, PB)},
    ),
    "numbers in lists": ("mse", [[1.0], [2.0]], [[2.0], [4.0]], {"loss": 2.5}),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_output_is_measured_by_itself(flavour: Flavour, name: str) -> None:
    loss, labels, predictions, expected = STRUCTURES[name]
    found, skipped = measured(flavour.keras, loss, labels, predictions)
    assert skipped == {}
    assert {name: columns["measured"] for name, columns in found.items()} == pytest.approx(
        expected, rel=1e-5
    )
    for columns in found.values():
        assert columns["measured"] == pytest.approx(columns["keras_mean"], rel=1e-5)


UNMEASURED: dict[str, tuple[Any, Any, Any, str]] = {
    "no labels": ("mse", None, PA, "no output has both a loss and labels"),
    "a string": ("mse", A, "PA", "y_pred must be one dense tensor"),
    "no batch axis": ("mse", 1.0, 2.0, "needs a batch axis"),
    "an empty batch": ("mse", A[:0], PA[:0], "needs a batch axis with at least one row"),
    "text": ("mse", A, np.array([["a"]] * 8), "must hold numbers"),
    "rows that differ": ("mse", A, PA[:4], "Error"),
    "one label for two outputs": (
        "mse",
        A,
        [PA, PC],
        "y_pred has the outputs 0, 1, and y_true is one",
    ),
    "labels of other outputs": ("mse", {"x": A, "y": C}, {"a": PA, "c": PC}, "y_true has x, y"),
    "losses of other outputs": ({"x": "mse"}, {"a": A, "c": C}, {"a": PA, "c": PC}, "loss has x"),
    "labels in a dict, outputs in a list": ("mse", {"a": A, "c": C}, [PA, PC], "y_true has a, c"),
}


@pytest.mark.parametrize("name", UNMEASURED)
def test_what_cannot_be_measured_is_left_out_with_the_reason(flavour: Flavour, name: str) -> None:
    loss, labels, predictions, reason = UNMEASURED[name]
    found, skipped = measured(flavour.keras, loss, labels, predictions)
    assert found == {}
    assert reason in skipped["loss"]


def test_a_ragged_or_sparse_output_leaves_the_others(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    tf = tensorflow
    ragged = tf.ragged.constant([[1.0], [2.0, 3.0]])
    sparse = tf.sparse.from_dense(A)
    labels, predictions = {"a": A, "r": ragged, "s": sparse}, {"a": PA, "r": ragged, "s": PA}
    found, skipped = measured(flavour.keras, "mse", labels, predictions)
    assert set(found) == {"loss/a"}
    assert "is a RaggedTensor" in skipped["loss/r"]
    assert "is a SparseTensor" in skipped["loss/s"]


def test_names_of_the_models_outputs(flavour: Flavour) -> None:
    options = {"output_names": ("first", "second"), "name": "total"}
    labels = {"second": C, "first": A}
    found, _ = measured(flavour.keras, "mse", labels, [PA, PC], **options)
    assert set(found) == {"total/first", "total/second"}
    assert found["total/second"]["measured"] == pytest.approx(mse(C, PC), rel=1e-5)


def test_weights_and_values_of_each_output(flavour: Flavour) -> None:
    weights, labels, predictions = np.linspace(0, 1, 8), {"a": A, "c": C}, {"a": PA, "c": PC}
    options = {"sample_weight": {"a": weights}, "value": {"a": 3.0, "c": 4.0}}
    found, _ = measured(flavour.keras, "mse", labels, predictions, **options)
    assert found["loss/a"]["weight_sum"] == pytest.approx(weights.sum())
    assert np.isnan(found["loss/c"]["weight_sum"])
    assert [columns["value_given"] for columns in found.values()] == [3.0, 4.0]
    shared, _ = measured(
        flavour.keras, "mse", labels, predictions, sample_weight=weights, value=7.0
    )
    assert [columns["weight_sum"] for columns in shared.values()] == pytest.approx([4.0, 4.0])
    assert np.isnan([columns["value_given"] for columns in shared.values()]).all()
    listed, _ = measured(flavour.keras, "mse", [A, C], [PA, PC], value=[3.0, 4.0])
    assert [columns["value_given"] for columns in listed.values()] == [3.0, 4.0]


def test_a_function_that_takes_all_outputs_is_one_loss(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    tf = tensorflow

    def total(labels: Any, predictions: Any) -> Any:
        return sum(
            tf.reduce_sum(tf.square(labels[name] - predictions[name])) for name in ("a", "c")
        )

    labels, predictions = {"a": A, "c": C}, {"a": PA, "c": PC}
    found, skipped = measured(flavour.keras, total, labels, predictions, value=2.0)
    assert skipped == {}
    expected = A.size * mse(A, PA) + C.size * mse(C, PC)
    assert found["loss"]["measured"] == pytest.approx(expected, rel=1e-5)
    assert found["loss"]["doubled"] == pytest.approx(2 * expected, rel=1e-5)
    assert found["loss"]["permuted"] != pytest.approx(expected, rel=1e-2)
    assert (found["loss"]["batch"], found["loss"]["value_given"]) == (8.0, 2.0)
    assert np.isnan(found["loss"]["keras_mean"])


def test_rows_are_not_taken_for_outputs(flavour: Flavour, tensorflow: ModuleType) -> None:
    tf = tensorflow

    def by_place(labels: Any, predictions: Any) -> Any:
        return tf.reduce_mean((labels[0] - predictions[0]) ** 2) + tf.reduce_mean(
            tf.abs(labels[1] - predictions[1])
        )

    found, _ = measured(flavour.keras, by_place, [A, B], [PA, PB])
    assert set(found) == {"loss"}
    assert found["loss"]["measured"] == pytest.approx(mse(A, PA) + mae(B, PB), rel=1e-5)


def test_a_function_of_one_output_is_asked_for_each(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    own = lambda a, b: tensorflow.reduce_mean((a - b) ** 2)  # noqa: E731
    for function in (own, flavour.keras.losses.mean_squared_error):
        found, skipped = measured(flavour.keras, function, {"a": A, "c": C}, {"a": PA, "c": PC})
        assert (set(found), skipped) == ({"loss/a", "loss/c"}, {})


def test_a_loss_that_raises_is_left_out_with_what_it_says(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    def fails(labels: Any, predictions: Any) -> Any:
        raise KeyError("no such label")

    found, skipped = measured(
        flavour.keras, {"a": fails, "c": "mse"}, {"a": A, "c": C}, {"a": PA, "c": PC}
    )
    assert set(found) == {"loss/c"}
    assert "KeyError" in skipped["loss/a"]


@pytest.mark.parametrize(
    ("loss", "error", "words"),
    [
        (3, TypeError, "received int"),
        ({"a": 3}, TypeError, "received int"),
        ([], TypeError, "a loss of one output at least"),
        ([None], TypeError, "a loss of one output at least"),
        ("no such loss", ValueError, "no such loss"),
        (["mse", "no such loss"], ValueError, "no such loss"),
    ],
    ids=repr,
)
def test_what_is_no_loss_is_refused(
    flavour: Flavour, loss: Any, error: type[Exception], words: str
) -> None:
    from tb_bnplugin.keras.losses.outputs import check_known

    with pytest.raises(error, match=words):
        check_known(loss, flavour.keras)


@pytest.mark.parametrize("name", STRUCTURES)
def test_in_a_graph_it_is_the_same(flavour: Flavour, tensorflow: ModuleType, name: str) -> None:
    from tb_bnplugin.keras.losses.measure import LossOptions, measure_in_graph
    from tb_bnplugin.keras.losses.outputs import measure_outputs

    tf = tensorflow
    loss, labels, predictions, expected = STRUCTURES[name]
    options = LossOptions(keras=flavour.keras)
    names: list[str] = []

    @tf.function
    def step() -> Any:
        found = measure_outputs(loss, labels, predictions, options, measure_in_graph)
        names.extend(facts.name for _, facts in found.found)
        return [vector[LOSS_COLUMNS.index("measured")] for vector, _ in found.found]

    values = [float(value) for value in step()]
    assert dict(zip(names, values, strict=True)) == pytest.approx(expected, rel=1e-5)


def test_a_batch_that_fails_in_a_graph_is_told_and_ends_nothing(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    from tb_bnplugin.keras.losses.measure import LossOptions, measure_in_graph

    tf, told = tensorflow, []
    options = LossOptions(keras=flavour.keras, tell=lambda *what: told.append(what))
    spec = [tf.TensorSpec([None, None])] * 2
    step = tf.function(lambda a, b: measure_in_graph("mse", a, b, options)[0], input_signature=spec)
    assert np.isfinite(step(A, PA).numpy()[LOSS_COLUMNS.index("measured")])
    assert told == []
    assert np.isnan(step(A, PC).numpy()[LOSS_COLUMNS.index("measured")])
    ((name, why),) = told
    assert (name, "Error" in why) == ("loss", True)
