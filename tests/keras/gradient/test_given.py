"""What the optimizer of a loop is given, against the loss that the loop hands over, by theory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.history.model import ModelHistory
from tests.conftest import Flavour
from tests.support.logs import read

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(48, 5)).astype("float32")
Y = RANDOM.normal(size=(48, 3)).astype("float32")
STEPS, ROWS, SCALE = 5, 8, 1024.0

# what the tape differentiates, of labels and predictions, and its factor to Keras' mean
LOSSES = {
    "mean": (lambda y, p: tf.reduce_mean(tf.square(y - p)), 1.0),
    "half": (lambda y, p: 0.5 * tf.reduce_mean(tf.square(y - p)), 0.5),
    "sum over outputs": (lambda y, p: tf.reduce_sum(tf.square(y - p)) / ROWS, 3.0),
    "vector": (lambda y, p: tf.reduce_mean(tf.square(y - p), -1), float(ROWS)),
}


def create(keras: Any, **last: Any) -> Any:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(4),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.Dense(3, **last),
        ]
    )


def train(
    model: Any,
    optimizer: Any,
    folder: Path | None,
    *,
    differentiated: Any = LOSSES["mean"][0],
    scaled: Any = lambda loss: loss,
    divided: Any = lambda gradients: gradients,
    loss: Any = "mse",
    traced: bool = True,
    inside: bool = False,
    same_batch: bool = True,
) -> list[Any]:
    """A loop of some steps; recorded where there is a folder."""

    def tell(y: Any, p: Any, step: Any) -> None:
        if folder is not None:
            tb_bnplugin.summary.loss_reduction(loss, y, p, step=step)

    def train_step(x: Any, y: Any, step: Any) -> Any:
        with tf.GradientTape() as tape:
            p = model(x, training=True)
            value = scaled(differentiated(y, p))
        gradients = divided(tape.gradient(value, model.trainable_variables))
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        if inside:
            tell(y, p, step)
        return p

    run = tf.function(train_step) if traced else train_step
    for step in range(1, STEPS + 1):
        rows = slice(ROWS * (step - 1), ROWS * step)
        x, y = tf.constant(X[rows]), tf.constant(Y[rows])
        p = run(x, y, tf.constant(step, tf.int64))
        if not inside:
            tell(y if same_batch else tf.constant(Y[:ROWS]), p, step)
    return [np.asarray(weight) for weight in model.get_weights()]


def measured(folder: Path, model: Any, optimizer: Any, **how: Any) -> tuple[Any, list[Any]]:
    """The columns of what was recorded under the name "given", and the weights."""
    writer = tf.summary.create_file_writer(str(folder))
    with tb_bnplugin.watch(model, optimizer=optimizer), writer.as_default():
        weights = train(model, optimizer, folder, **how)
    ((history,),) = (run.models for run in read(folder).values())
    assert isinstance(history, ModelHistory)
    assert not history.facts.switched_off
    found = [each for each in history.gradients if each.name == "given"]
    return (found[0].columns if found else None), weights


@pytest.mark.parametrize(("traced", "inside"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("name", LOSSES)
def test_the_factor_is_that_of_theory(
    flavour: Flavour, tmp_path: Path, name: str, traced: bool, inside: bool
) -> None:
    differentiated, factor = LOSSES[name]
    how: dict[str, Any] = {"differentiated": differentiated, "traced": traced, "inside": inside}
    keras = flavour.keras
    columns, ours = measured(tmp_path, create(keras), keras.optimizers.SGD(0.05), **how)
    np.testing.assert_allclose(columns["given_factor"], [factor] * STEPS, rtol=1e-4)
    np.testing.assert_allclose(columns["given_cosine"], 1.0, rtol=1e-6)
    assert (columns["given_channels"] == 3.0).all()
    assert np.isnan(columns["given_scale"]).all()
    bare = train(create(keras), keras.optimizers.SGD(0.05), None, **how)
    for mine, theirs in zip(ours, bare, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("right", [False, True])
def test_a_loss_scale_is_told(flavour: Flavour, tmp_path: Path, traced: bool, right: bool) -> None:
    keras = flavour.keras
    how: dict[str, Any] = {"traced": traced}
    optimizer = keras.mixed_precision.LossScaleOptimizer(
        keras.optimizers.SGD(1e-5), initial_scale=SCALE
    )
    is_legacy = hasattr(optimizer, "get_scaled_loss")
    if is_legacy:
        how["scaled"] = optimizer.get_scaled_loss
        if right:
            how["divided"] = optimizer.get_unscaled_gradients
    elif right:
        how["scaled"] = optimizer.scale_loss
    columns, _ = measured(tmp_path, create(keras), optimizer, **how)
    if is_legacy and right and traced:  # what a graph unscales is a product, and left alone
        assert columns is None
        return
    is_scaled = is_legacy != right
    np.testing.assert_allclose(columns["given_factor"], SCALE if is_scaled else 1.0, rtol=1e-3)
    assert (columns["given_scale"] == SCALE).all()
    (run,) = tb_bnplugin.check(str(tmp_path)).runs
    (outcome,) = (each for each in run.outcomes if each.code == "LR110")
    assert outcome.status == ("ok" if right else "finding")


def test_labels_of_another_batch_have_another_direction(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    optimizer = keras.optimizers.SGD(0.05)
    columns, _ = measured(tmp_path, create(keras), optimizer, same_batch=False)
    assert columns["given_cosine"][0] == pytest.approx(1.0, rel=1e-6)
    assert (columns["given_cosine"][1:] < 0.999).all()


def test_nothing_is_compared_within_a_traced_step(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    columns, _ = measured(tmp_path, create(keras), keras.optimizers.SGD(0.05), inside=True)
    assert columns is None


@pytest.mark.parametrize("last", [{"activation": "tanh"}, {"use_bias": False}])
def test_only_predictions_that_a_bias_is_added_to_are_compared(
    flavour: Flavour, tmp_path: Path, last: dict[str, Any]
) -> None:
    keras = flavour.keras
    columns, _ = measured(tmp_path, create(keras, **last), keras.optimizers.SGD(0.05))
    assert columns is None


def test_a_loss_that_fails_is_not_compared(flavour: Flavour, tmp_path: Path) -> None:
    def failing(y: Any, p: Any) -> Any:
        raise ValueError("no")

    keras = flavour.keras
    writer = tf.summary.create_file_writer(str(tmp_path))
    model, optimizer = create(keras), keras.optimizers.SGD(0.05)
    with tb_bnplugin.watch(model, optimizer=optimizer), writer.as_default():
        with pytest.warns(RuntimeWarning, match="does not measure the loss"):
            train(model, optimizer, tmp_path, loss=failing)
        tb_bnplugin.summary.batch_norm(model, step=STEPS + 1)
    ((history,),) = (run.models for run in read(tmp_path).values())
    assert {each.part for each in history.facts.switched_off} == {"losses"}
    assert [each.name for each in history.gradients] == ["optimizer"]  # this one goes on
