"""No public name raises in a training, whatever it is given: it records, or warns once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin import summary
from tests.conftest import Flavour
from tests.support.logs import create, read

ROWS = 8
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(3.0, 2.0, (ROWS, 3)).astype("float32")
A = RANDOM.normal(size=(ROWS, 2)).astype("float32")
B = RANDOM.normal(size=(ROWS, 2)).astype("float32")
C = RANDOM.normal(size=(ROWS, 5)).astype("float32")


def outputs(keras: Any, make: Callable[[Any, Any, Any], Any]) -> Any:
    """A functional model, whose outputs `make` makes of heads "a", "b" and "c"."""
    inputs = keras.Input((3,))
    hidden = keras.layers.BatchNormalization(name="bn")(inputs)
    heads = [keras.layers.Dense(n, name=name)(hidden) for name, n in (("a", 2), ("b", 2), ("c", 5))]
    return keras.Model(inputs, make(*heads))


MODELS: dict[str, tuple[Callable[..., Any], Any, set[str]]] = {
    "one": (lambda a, b, c: a, A, {"loss"}),
    "a list of one": (lambda a, b, c: [a], A, {"loss"}),
    "equal shapes": (lambda a, b, c: [a, b], [A, B], {"loss/a", "loss/b"}),
    "other shapes": (lambda a, b, c: [a, c], [A, C], {"loss/a", "loss/c"}),
    "a tuple": (lambda a, b, c: (a, c), (A, C), {"loss/a", "loss/c"}),
    "a dict": (lambda a, b, c: {"x": a, "y": c}, {"x": A, "y": C}, {"loss/x", "loss/y"}),
}
"""By structure of the outputs: how the model makes them, the labels, the names of its losses."""


def our_warnings(caught: list[warnings.WarningMessage]) -> list[str]:
    texts = [str(entry.message) for entry in caught]
    return [text for text in texts if text.startswith("tb_bnplugin")]


def losses_of(folder: Path) -> dict[str, Any]:
    (run,) = read(folder).values()
    (model,) = run.models
    return {loss.name: loss for loss in model.losses}


@pytest.mark.parametrize("how", ["eager", "traced"])
@pytest.mark.parametrize("name", MODELS)
def test_the_ops(flavour: Flavour, tmp_path: Path, name: str, how: str) -> None:
    make, labels, names = MODELS[name]
    model = outputs(flavour.keras, make)
    loss_fn = flavour.keras.losses.MeanSquaredError()

    def step(at: Any) -> Any:
        predictions = model(X, training=True)
        summary.batch_norm(model, step=at)
        return summary.loss_reduction(loss_fn, labels, predictions, step=at)

    step = step if how == "eager" else tf.function(step)
    with (
        warnings.catch_warnings(record=True) as caught,
        tb_bnplugin.watch(model, on_finding="ignore") as watch,
        tf.summary.create_file_writer(str(tmp_path)).as_default(),
    ):
        warnings.simplefilter("always")
        assert all(bool(step(tf.constant(at, tf.int64))) for at in (1, 2))
        assert bool(summary.probe(model, X, labels, loss="mse", step=2))
        assert watch.outcomes()
    assert our_warnings(caught) == []
    found = losses_of(tmp_path)
    # a list of several is named after the model's outputs, where it has names for them
    assert len(found) == len(names)
    for loss in found.values():
        factors = loss.columns["measured"] / loss.columns["keras_mean"]
        np.testing.assert_allclose(factors, 1.0, rtol=1e-5)
    if flavour.name == "keras3" or name != "a dict":
        assert set(found) == names


@pytest.mark.parametrize("name", MODELS)
def test_the_callback(flavour: Flavour, tmp_path: Path, name: str) -> None:
    make, labels, names = MODELS[name]
    model = outputs(flavour.keras, make)
    model.compile("sgd", "mse")
    given = labels[0] if isinstance(labels, list) and len(labels) == 1 else labels
    callback = create(tmp_path, probe_data=(X, given))
    dataset = tf.data.Dataset.from_tensors((X, tuple(given) if isinstance(given, list) else given))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(dataset.repeat(2), verbose=0, callbacks=[callback])
    assert our_warnings(caught) == []
    assert len(losses_of(tmp_path)) == len(names)
    assert callback.outcomes()


@pytest.mark.parametrize("name", MODELS)
def test_the_twins(flavour: Flavour, name: str) -> None:
    make, labels, names = MODELS[name]
    model = outputs(flavour.keras, make)
    watch = tb_bnplugin.watch(model, on_finding="ignore")
    predictions = model(X, training=True)
    loss_fn = flavour.keras.losses.MeanSquaredError()
    made = tf.compat.v1.Summary.FromString(summary.loss_reduction_pb(loss_fn, labels, predictions))
    assert len(made.value) == len(names)
    assert summary.batch_norm_pb(model, 1)
    assert summary.probe_pb(model, X, labels, loss="mse")
    watch.close()


def ragged() -> Any:
    return tf.ragged.constant([[1.0], [2.0, 3.0]])


HOSTILE: dict[str, Callable[[], tuple[Any, Any, Any, dict[str, Any]]]] = {
    "ragged": lambda: ("mse", ragged(), ragged(), {}),
    "sparse labels": lambda: ("mse", tf.sparse.from_dense(A), A, {}),
    "no labels": lambda: ("mse", None, A, {}),
    "no predictions": lambda: ("mse", A, None, {}),
    "no outputs": lambda: ("mse", {}, {}, {}),
    "labels of other outputs": lambda: ("mse", {"x": A}, {"y": A, "z": A}, {}),
    "shapes that do not fit": lambda: ("mse", A, C, {}),
    "an empty batch": lambda: ("mse", A[:0], A[:0], {}),
    "no batch": lambda: ("mse", 1.0, 2.0, {}),
    "text": lambda: ("mse", "labels", "predictions", {}),
    "weights of other rows": lambda: ("mse", A, B, {"sample_weight": np.ones(3)}),
    "a value that is none": lambda: ("mse", A, B, {"value": "high"}),
    "a loss that raises": lambda: (raises, A, B, {}),
    "a loss that returns nothing": lambda: (lambda y, p: None, A, B, {}),
}
"""What no measurement can be made of."""


def raises(labels: Any, predictions: Any) -> Any:
    raise RuntimeError("not today")


@pytest.mark.parametrize("how", ["eager", "traced"])
@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_measured_is_one_warning(
    flavour: Flavour, tmp_path: Path, name: str, how: str
) -> None:
    loss, labels, predictions, options = HOSTILE[name]()
    model = outputs(flavour.keras, lambda a, b, c: a)

    def step(at: Any) -> Any:
        model(X, training=True)
        summary.loss_reduction(loss, labels, predictions, step=at, **options)
        return summary.batch_norm(model, step=at)

    step = step if how == "eager" else tf.function(step)
    with (
        warnings.catch_warnings(record=True) as caught,
        tb_bnplugin.watch(model, on_finding="ignore") as watch,
        tf.summary.create_file_writer(str(tmp_path)).as_default(),
    ):
        warnings.simplefilter("always")
        summary.batch_norm(model, step=0)  # the log's model
        assert all(bool(step(tf.constant(at, tf.int64))) for at in (1, 2, 3))
        reasons = {each.code: each.reason or each.message for each in watch.outcomes()}
    (told,) = our_warnings(caught)
    assert "does not measure the loss 'loss'" in told
    assert "training goes on unchanged" in told
    # the reason is that of the warning, and stands where the rules of losses could not check
    (run,) = read(tmp_path).values()
    assert [off.part for off in run.models[0].facts.switched_off] == ["losses"]
    if not losses_of(tmp_path):
        assert reasons["LR101"].startswith("The measurement of the losses failed: loss: ")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_twin_of_what_cannot_be_measured(flavour: Flavour, name: str) -> None:
    loss, labels, predictions, options = HOSTILE[name]()
    with pytest.warns(RuntimeWarning, match="does not measure the loss 'loss'"):
        made = summary.loss_reduction_pb(loss, labels, predictions, **options)
    assert not tf.compat.v1.Summary.FromString(made).value


def test_a_batch_that_cannot_be_measured_ends_no_measuring(
    flavour: Flavour, tmp_path: Path
) -> None:
    model = outputs(flavour.keras, lambda a, b, c: a)
    with (
        tb_bnplugin.watch(model, on_finding="ignore"),
        tf.summary.create_file_writer(str(tmp_path)).as_default(),
    ):
        summary.batch_norm(model, step=0)
        assert bool(summary.loss_reduction("mse", A, B, step=1))
        with pytest.warns(RuntimeWarning, match="needs a batch axis"):
            assert not bool(summary.loss_reduction("mse", A[:0], B[:0], step=2))
        assert bool(summary.loss_reduction("mse", A, B, step=3))
    assert losses_of(tmp_path)["loss"].steps.tolist() == [1, 3]


def test_a_probe_that_fails_is_one_warning(flavour: Flavour, tmp_path: Path) -> None:
    model = outputs(flavour.keras, lambda a, b, c: a)
    with (
        warnings.catch_warnings(record=True) as caught,
        tb_bnplugin.watch(model, on_finding="ignore"),
        tf.summary.create_file_writer(str(tmp_path)).as_default(),
    ):
        warnings.simplefilter("always")
        for at in (1, 2):
            assert not bool(summary.probe(model, np.ones((4, 7), "float32"), A[:4], step=at))
    (told,) = our_warnings(caught)
    assert "no longer probes" in told


def test_a_probe_of_what_is_not_built_says_so(flavour: Flavour, tmp_path: Path) -> None:
    model = flavour.keras.Sequential([flavour.keras.layers.Dense(1)])
    with (
        tf.summary.create_file_writer(str(tmp_path)).as_default(),
        pytest.raises(tb_bnplugin.NotBuiltError),
    ):
        summary.probe(model, X, A, step=1)


def test_metrics_and_losses_of_a_callback_whose_batch_does_not_fit(
    flavour: Flavour, tmp_path: Path, tensorflow: ModuleType
) -> None:
    model = outputs(flavour.keras, lambda a, b, c: [a, c])
    model.compile("sgd", "mse")
    callback = create(tmp_path, probe_data=(X, [A, C[:, :2]]))
    dataset = tf.data.Dataset.from_tensors((X, (A, C))).repeat(2)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(dataset, verbose=0, callbacks=[callback])
    assert len(our_warnings(caught)) <= 2
    assert callback.outcomes()
