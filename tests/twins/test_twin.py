"""What `twin` takes and refuses, what it says of what it cannot see, and how a report reads."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.twin_pairs import (
    CLASSES,
    DIVERGING,
    FEATURES,
    batch,
    compiled,
    cross_entropy,
    load,
    loop,
    norm_net,
    simple,
)

load()


def test_says_what_could_not_be_seen_of_a_stale_trace(flavour: Flavour) -> None:
    pair = simple(flavour.keras)
    pair.step(pair.x, pair.y)
    pair.model.get_layer("norm").trainable = False
    report = tb_bnplugin.twin(
        pair.model,
        (
            pair.step,
            loop(pair.model, flavour.keras.optimizers.SGD(0.1), cross_entropy(flavour.keras)),
        ),
        pair.x,
        pair.y,
    )
    assert set(report.unseen) == {
        "inputs",
        "modes",
        "outputs",
        "loss",
        "regularization",
        "gradients",
    }
    assert "traced before" in report.unseen["modes"]
    assert not report.same()
    assert {each.stage for each in report.divergences} >= {"optimizer", "statistics"}
    assert "? modes" in str(report)


def test_never_calls_the_same_what_it_did_not_see(flavour: Flavour, tensorflow: ModuleType) -> None:
    tf, (x, y) = tensorflow, batch()
    model, loss_of = compiled(flavour.keras, norm_net(flavour.keras)), cross_entropy(flavour.keras)

    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        weights = [getattr(w, "value", w) for w in model.trainable_variables]
        weights = model.trainable_variables if callable(weights[0]) else weights
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(0.1 * gradient)
        return loss

    report = tb_bnplugin.twin(model, train_step, x, y)
    assert not report.divergences
    assert "no optimizer in reach" in report.unseen["gradients"]
    assert not report.same()
    assert "no divergence in what could be compared, which is not all" in str(report)


def test_layers_called_without_the_model_are_no_call_of_it(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    tf, (x, y) = tensorflow, batch()
    model, loss_of = compiled(flavour.keras, norm_net(flavour.keras)), cross_entropy(flavour.keras)
    optimizer = flavour.keras.optimizers.SGD(0.1)

    def train_step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            for layer in model.layers:
                x = layer(x, training=True) if layer.name == "norm" else layer(x)
            loss = loss_of(y, x)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    report = tb_bnplugin.twin(model, train_step, x, y)
    assert not report.divergences
    assert set(report.unseen) == {"inputs", "outputs", "loss", "regularization"}
    assert "was not seen to call the model" in report.unseen["inputs"]


def test_a_step_that_draws_random_numbers_by_itself_differs_from_itself(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    tf, (x, y) = tensorflow, batch()
    model = compiled(flavour.keras, norm_net(flavour.keras))
    inner = loop(
        model, flavour.keras.optimizers.SGD(0.1), cross_entropy(flavour.keras), traced=False
    )

    def train_step(x: Any, y: Any) -> Any:
        return inner(x + tf.random.normal(tf.shape(x)), y)

    report = tb_bnplugin.twin(model, (train_step, train_step), x, y)
    assert report.first is not None
    assert report.first.stage == "inputs"
    assert any("TensorFlow's own sequence of random numbers" in note for note in report.notes)


def test_a_trace_that_draws_random_numbers_is_not_run(flavour: Flavour) -> None:
    pair = simple(flavour.keras, net=norm_net(flavour.keras, dropout=0.3))
    pair.step(pair.x, pair.y)
    report = tb_bnplugin.twin(pair.model, pair.step, pair.x, pair.y)
    assert not report.divergences
    if flavour.name == "tf_keras":  # Keras 3 draws from seeds in variables
        assert "draws random numbers" in report.unseen["trace"]
    assert report.same() == (flavour.name == "keras3")


@pytest.mark.parametrize(("divisor", "same"), [(16, True), (8, False)])
def test_under_a_strategy(
    flavour: Flavour, tensorflow: ModuleType, strategy: Any, divisor: int, *, same: bool
) -> None:
    tf, (x, y) = tensorflow, batch()
    x, y = x[:16], y[:16]
    with strategy.scope():
        model = compiled(flavour.keras, norm_net(flavour.keras))
        optimizer = flavour.keras.optimizers.SGD(0.1)
    loss_of = cross_entropy(flavour.keras, reduction="none")

    def on_replica(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(loss_of(y, model(x, training=True))) / divisor
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        losses = strategy.run(on_replica, args=(x, y))
        return strategy.reduce("SUM", losses, axis=None)

    before = [np.asarray(weight) for weight in model.weights]
    report = tb_bnplugin.twin(model, train_step, x, y)
    assert report.same() == same, report
    if not same:
        assert report.first is not None
        assert "2 times the loss of fit, the replicas (2)" in report.first.message
    for one, weight in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(one, np.asarray(weight))


def test_several_outputs_and_inputs_in_dicts(flavour: Flavour, tensorflow: ModuleType) -> None:
    keras, tf, (x, y) = flavour.keras, tensorflow, batch()
    inputs = {"a": keras.Input((FEATURES,), name="a"), "b": keras.Input((FEATURES,), name="b")}
    hidden = keras.layers.BatchNormalization()(
        keras.layers.Concatenate()([inputs["a"], inputs["b"]])
    )
    outputs = {
        "kind": keras.layers.Dense(CLASSES, name="kind")(hidden),
        "size": keras.layers.Dense(1, name="size")(hidden),
    }
    model = keras.Model(inputs, outputs)
    losses = {"kind": cross_entropy(keras), "size": keras.losses.MeanSquaredError()}
    model.compile(keras.optimizers.SGD(0.1), losses)
    optimizer = keras.optimizers.SGD(0.1)
    rows, labels = {"a": x, "b": x[::-1].copy()}, {"kind": y, "size": x[:, :1]}

    def make(names: list[str]) -> Any:
        def train_step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                made = model(x, training=True)
                loss = tf.add_n([losses[name](y[name], made[name]) for name in names])
            weights = model.trainable_variables
            pairs = zip(tape.gradient(loss, weights), weights, strict=True)
            optimizer.apply_gradients([pair for pair in pairs if pair[0] is not None])
            return loss

        return train_step

    assert tb_bnplugin.twin(model, make(["kind", "size"]), rows, labels).same()
    report = tb_bnplugin.twin(model, make(["kind"]), rows, labels)
    assert report.first is not None
    assert report.first.stage == "loss"
    assert "is in the loss of fit, and not in that of train_step" in report.first.message


def test_report_reads_from_the_first_divergence_on(flavour: Flavour) -> None:
    pair = DIVERGING["sum_over_the_rows"][0](flavour.keras)
    report = tb_bnplugin.twin(pair.model, pair.step, pair.x, pair.y)
    lines = str(report).splitlines()
    assert lines[0] == "fit against train_step, one step each on the same batch"
    assert lines[1].startswith("first divergence: loss: train_step differentiates 32 times")
    stages = [each.stage for each in report.divergences]
    assert stages == ["loss", "gradients", "optimizer", "metrics"]
    assert report.divergences[1].subject == "all"
    assert report.divergences[0].ratio == pytest.approx(32, rel=1e-5)
    assert report.divergences[2].ratio == pytest.approx(32, rel=1e-5)
    assert repr(report) == str(report)


def test_ratio_of_gradients_is_told_by_layer(flavour: Flavour) -> None:
    def tripled(given: Any) -> Any:
        return [3.0 * given[0], 3.0 * given[1], *given[2:]]

    pair = simple(flavour.keras, change=tripled)
    report = tb_bnplugin.twin(pair.model, pair.step, pair.x, pair.y)
    first, *others = report.divergences
    assert (first.stage, first.subject) == ("gradients", "hidden")
    assert first.ratio == pytest.approx(3, rel=1e-4)
    assert [each.stage for each in others] == ["optimizer"]


class TestErrors:
    def test_model_that_is_not_compiled(self, flavour: Flavour) -> None:
        x, y = batch()
        with pytest.raises(ValueError, match="is not compiled"):
            tb_bnplugin.twin(norm_net(flavour.keras), lambda x, y: None, x, y)

    def test_model_without_loss(self, flavour: Flavour) -> None:
        x, y = batch()
        model = norm_net(flavour.keras)
        model.compile("sgd")
        with pytest.raises(ValueError, match="is compiled without a loss"):
            tb_bnplugin.twin(model, lambda x, y: None, x, y)

    def test_two_steps_need_no_loss(self, flavour: Flavour) -> None:
        pair = simple(flavour.keras)
        model = norm_net(flavour.keras)
        step = loop(model, flavour.keras.optimizers.SGD(0.1), cross_entropy(flavour.keras))
        assert tb_bnplugin.twin(model, (step, step), pair.x, pair.y).same()

    def test_model_that_is_not_built(self, flavour: Flavour) -> None:
        x, y = batch()
        model = flavour.keras.Sequential([flavour.keras.layers.Dense(CLASSES)])
        with pytest.raises(tb_bnplugin.NotBuiltError, match="not built yet"):
            tb_bnplugin.twin(model, lambda x, y: None, x, y)

    def test_no_model(self) -> None:
        with pytest.raises(TypeError, match="a Keras model is needed"):
            tb_bnplugin.twin("model", lambda x, y: None, [1.0], [1.0])

    def test_models_of_other_weights(self, flavour: Flavour) -> None:
        x, y = batch()
        models = (
            norm_net(flavour.keras),
            flavour.keras.Sequential(
                [flavour.keras.Input((FEATURES,)), flavour.keras.layers.Dense(CLASSES)]
            ),
        )
        with pytest.raises(ValueError, match="cannot start from the same weights"):
            tb_bnplugin.twin(models, None, x, y)

    @pytest.mark.parametrize(
        ("step", "message"),
        [
            (lambda model, optimizer, x, y: None, r"the step takes \(model, optimizer, x, y\)"),
            (lambda: None, r"the step takes \(\)"),
            (lambda x, y, *, rate: None, "hand over `lambda x, y"),
        ],
    )
    def test_step_of_other_arguments(self, flavour: Flavour, step: Any, message: str) -> None:
        x, y = batch()
        model = compiled(flavour.keras, norm_net(flavour.keras))
        with pytest.raises(TypeError, match=message):
            tb_bnplugin.twin(model, step, x, y)

    @pytest.mark.parametrize("step", [3, "train"])
    def test_step_that_is_no_function(self, flavour: Flavour, step: Any) -> None:
        x, y = batch()
        model = compiled(flavour.keras, norm_net(flavour.keras))
        with pytest.raises(TypeError, match="train_step must be a function of a batch"):
            tb_bnplugin.twin(model, step, x, y)

    def test_no_step_and_no_own_train_step(self, flavour: Flavour) -> None:
        x, y = batch()
        model = compiled(flavour.keras, norm_net(flavour.keras))
        with pytest.raises(TypeError, match="twin needs your step"):
            tb_bnplugin.twin(model, x=x, y=y)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda x, y: (x, y[:-1]), "same number of rows: x has 32, y has 31"),
            (lambda x, y: (x[:0], y[:0]), "the batch has no rows"),
            (lambda x, y: (None, y), "twin needs a batch"),
            (lambda x, y: (x, 3.0), "y must have rows"),
        ],
    )
    def test_batch(self, flavour: Flavour, change: Any, message: str) -> None:
        model = compiled(flavour.keras, norm_net(flavour.keras))
        with pytest.raises(ValueError, match=message):
            tb_bnplugin.twin(model, lambda x, y: None, *change(*batch()))

    def test_optimizer(self, flavour: Flavour) -> None:
        x, y = batch()
        model = compiled(flavour.keras, norm_net(flavour.keras))
        with pytest.raises(TypeError, match="optimizer must be an optimizer"):
            tb_bnplugin.twin(model, lambda x, y: None, x, y, optimizer="sgd")


def test_partial_of_a_step(flavour: Flavour, tensorflow: ModuleType) -> None:
    tf, (x, y) = tensorflow, batch()
    model = compiled(flavour.keras, norm_net(flavour.keras))
    loss_of = cross_entropy(flavour.keras)

    def train_step(model: Any, optimizer: Any, x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    step = functools.partial(train_step, model, flavour.keras.optimizers.SGD(0.1))
    assert tb_bnplugin.twin(model, step, x, y).same()
