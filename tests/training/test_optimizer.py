"""The optimizer of a loop: found or told, recorded, never touched."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin import summary
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.training.recorder import open_recorders
from tests.conftest import Flavour
from tests.support.logs import create, read
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit

STEPS = 6


def read_loop(folder: Path) -> ModelHistory:
    ((model,),) = (run.models for run in read(folder).values())
    return model


def make_step(model: Any, optimizer: Any, how: str) -> Any:
    """One step of a loop, "eager", "traced" or "jit"."""
    import tensorflow as tf

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return step if how == "eager" else tf.function(step, jit_compile=how == "jit")


def train(model: Any, step: Any, folder: Path | None, first: int = 1) -> None:
    """Some steps; recorded after each where there is a folder."""
    import tensorflow as tf

    writer = None if folder is None else tf.summary.create_file_writer(str(folder))
    for at in range(first, first + STEPS):
        step(tf.constant(X[:4]), tf.constant(Y[:4]))
        if writer is not None:
            with writer.as_default():
                summary.batch_norm(model, step=at)


def state(model: Any, optimizer: Any) -> list[Any]:
    slots = optimizer.variables
    variables = [*model.variables, *(slots() if callable(slots) else slots)]
    return [np.asarray(variable) for variable in variables]


@pytest.mark.parametrize("how", ["eager", "traced", "jit"])
def test_a_loops_optimizer_is_found_and_nothing_changes(
    flavour: Flavour, tmp_path: Path, how: str
) -> None:
    keras = flavour.keras

    def run(folder: Path | None) -> tuple[list[Any], set[str]]:
        keras.utils.set_random_seed(5)
        model = create_dense(keras)
        schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5)
        optimizer = keras.optimizers.Adam(schedule, clipnorm=1.0)
        step = make_step(model, optimizer, how)
        watch = None if folder is None else tb_bnplugin.watch(model)
        train(model, step, folder)
        if watch is not None:
            watch.close()
        return state(model, optimizer), set(vars(optimizer))

    plain, attributes = run(None)
    watched, attributes_watched = run(tmp_path)
    assert attributes == attributes_watched
    for one, other in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(one, other)
    history = read_loop(tmp_path)
    (found,) = history.facts.optimizers
    assert (found.optimizer_class, found.known_from, found.clipnorm) == ("Adam", "found", 1.0)
    assert found.schedule == "ExponentialDecay"
    assert history.model("iterations").tolist() == list(range(1, STEPS + 1))
    rates = history.model("learning_rate")
    assert np.all(np.diff(rates) < 0)
    assert rates[0] == pytest.approx(0.01, rel=0.1)


def test_an_optimizer_that_is_told(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model, hidden = create_dense(keras), [keras.optimizers.SGD(0.25)]
    tb_bnplugin.watch(model, optimizer=hidden[0])
    train(model, make_step(model, hidden[0], "traced"), tmp_path)
    history = read_loop(tmp_path)
    assert [found.known_from for found in history.facts.optimizers] == ["argument"]
    assert history.model("learning_rate").tolist() == [0.25] * STEPS


def test_a_wrong_optimizer_is_refused(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    with pytest.raises(TypeError, match="optimizer must be an optimizer.*received 'adam'"):
        tb_bnplugin.watch(model, optimizer="adam")


def test_the_optimizer_of_another_model_is_not_taken(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model, other = create_dense(keras), create_dense(keras, "other")
    optimizers = {"mine": keras.optimizers.SGD(0.5), "other": keras.optimizers.Adam(0.25)}
    for name, watched in (("mine", model), ("other", other)):
        tb_bnplugin.watch(watched)
        train(watched, make_step(watched, optimizers[name], "traced"), tmp_path / name)
    assert read_loop(tmp_path / "mine").facts.optimizer == "SGD"
    assert read_loop(tmp_path / "other").facts.optimizer == "Adam"


def test_an_optimizer_that_makes_no_steps_is_not_taken(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model, unused, used = create_dense(keras), keras.optimizers.Adam(), keras.optimizers.SGD(0.5)
    unused.build(model.trainable_variables)
    compile_tiny(model)  # with one that the loop does not use either
    tb_bnplugin.watch(model)
    train(model, make_step(model, used, "traced"), tmp_path)
    history = read_loop(tmp_path)
    assert [found.known_from for found in history.facts.optimizers] == ["found"]
    assert history.model("learning_rate")[-1] == 0.5
    assert history.model("iterations")[-1] == STEPS


def test_one_optimizer_follows_another(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model = create_dense(keras)
    tb_bnplugin.watch(model)
    optimizer = keras.optimizers.Adam(0.01)
    train(model, make_step(model, optimizer, "traced"), tmp_path)
    optimizer = keras.optimizers.SGD(0.5)
    train(model, make_step(model, optimizer, "traced"), tmp_path, first=STEPS + 1)
    history = read_loop(tmp_path)
    assert history.facts.optimizer == "SGD"
    assert history.model("learning_rate")[-1] == 0.5


def test_an_optimizer_that_is_gone_is_remembered(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model = create_dense(keras)

    def main() -> None:
        optimizer = keras.optimizers.Adam(0.5)
        train(model, make_step(model, optimizer, "traced"), tmp_path)

    with tb_bnplugin.watch(model):
        main()
        gc.collect()
    history = read_loop(tmp_path)  # with the record that the end of the watch makes
    assert len(history.steps) == STEPS
    assert history.facts.optimizer == "Adam"
    assert history.model("iterations")[-1] == STEPS
    assert history.model("learning_rate")[-1] == 0.5


def test_a_watch_keeps_no_optimizer(flavour: Flavour) -> None:
    keras = flavour.keras
    model, optimizer = create_dense(keras), keras.optimizers.Adam(0.5)
    kept = weakref.ref(optimizer)
    tb_bnplugin.watch(model, optimizer=optimizer)
    train(model, make_step(model, optimizer, "eager"), None)
    del optimizer
    gc.collect()
    assert kept() is None


def test_two_optimizers_of_one_model(flavour: Flavour, tmp_path: Path) -> None:
    import tensorflow as tf

    keras = flavour.keras
    model = create_dense(keras)
    first, last = keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.5)

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        weights = model.trainable_variables
        gradients = tape.gradient(loss, weights)
        first.apply_gradients(zip(gradients[:2], weights[:2], strict=True))
        last.apply_gradients(zip(gradients[2:], weights[2:], strict=True))

    tb_bnplugin.watch(model)
    train(model, step, tmp_path)
    history = read_loop(tmp_path)
    assert {found.optimizer_class for found in history.facts.optimizers} == {"Adam", "SGD"}
    assert np.isnan(history.model("learning_rate")[-1])
    assert history.model("iterations")[-1] == STEPS


def test_a_loop_without_a_keras_optimizer(flavour: Flavour, tmp_path: Path) -> None:
    import tensorflow as tf

    model = create_dense(flavour.keras)

    def step(x: Any, y: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        for weight, gradient in zip(
            model.trainable_variables, tape.gradient(loss, model.trainable_variables), strict=True
        ):
            weight.assign(weight - 0.1 * gradient)

    tb_bnplugin.watch(model)
    train(model, step, tmp_path)
    assert read_loop(tmp_path).facts.optimizers == ()


def test_a_loss_scale_is_recorded(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model = create_dense(keras)
    where = keras.optimizers if flavour.name == "keras3" else keras.mixed_precision
    optimizer = where.LossScaleOptimizer(keras.optimizers.Adam(0.5), initial_scale=64.0)
    tb_bnplugin.watch(model)
    train(model, make_step(model, optimizer, "traced"), tmp_path)
    history = read_loop(tmp_path)
    (found,) = history.facts.optimizers
    assert (found.optimizer_class, found.loss_scale) == ("Adam", "dynamic")
    assert history.model("loss_scale")[-1] == 64.0
    assert history.model("learning_rate")[-1] == 0.5


def test_a_train_step_with_optimizers_of_its_own(flavour: Flavour, tmp_path: Path) -> None:
    import tensorflow as tf

    keras = flavour.keras

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.inner = create_dense(keras)

        def compile(self, own: Any, **how: Any) -> None:
            super().compile(**how)  # which makes an RMSprop that nobody uses
            self.own = own

        def call(self, x: Any, training: Any = None) -> Any:
            return self.inner(x, training=training)

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
            weights = self.trainable_variables
            self.own.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss}

    model = Own()
    model.compile(keras.optimizers.SGD(0.25))
    model(X[:4])
    fit(model, epochs=2, callbacks=[create(tmp_path)])
    history = read(tmp_path)["batch_norm"].models[0]
    assert [found.optimizer_class for found in history.facts.optimizers] == ["SGD"]
    assert history.model("learning_rate")[-1] == 0.25


def test_fit_tells_what_compile_was_given(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[create(tmp_path)])
    facts = read(tmp_path)["batch_norm"].models[0].facts
    assert [(found.optimizer_class, found.known_from) for found in facts.optimizers] == [
        ("SGD", "compile")
    ]


def test_a_loss_alone_has_the_learning_rate(flavour: Flavour, tmp_path: Path) -> None:
    import tensorflow as tf

    for recorder in open_recorders():  # of other tests: a loss belongs to the only model
        recorder.close()
    keras = flavour.keras
    model, optimizer = create_dense(keras), keras.optimizers.SGD(0.125)
    step = make_step(model, optimizer, "traced")
    with (
        tb_bnplugin.watch(model),
        tf.summary.create_file_writer(str(tmp_path)).as_default(),
    ):
        for at in (1, 2):
            step(tf.constant(X[:4]), tf.constant(Y[:4]))
            summary.loss_reduction("mse", Y[:4], Y[4:8], step=at)
    (loss,) = read_loop(tmp_path).losses
    assert loss.columns["learning_rate"].tolist() == [0.125, 0.125]


def test_a_watched_model_and_its_optimizer_can_be_saved_and_copied(
    flavour: Flavour, tmp_path: Path, tensorflow: ModuleType
) -> None:
    keras = flavour.keras
    model, optimizer = create_dense(keras), keras.optimizers.Adam(0.01)
    with tb_bnplugin.watch(model, optimizer=optimizer):
        train(model, make_step(model, optimizer, "traced"), tmp_path / "log")
        checkpoint = tensorflow.train.Checkpoint(model=model, optimizer=optimizer)
        saved = checkpoint.save(str(tmp_path / "checkpoint"))
        before = state(model, optimizer)
        train(model, make_step(model, optimizer, "eager"), None)
        checkpoint.restore(saved)
        for one, other in zip(before, state(model, optimizer), strict=True):
            np.testing.assert_array_equal(one, other)
        config = keras.optimizers.serialize(optimizer)
        assert pickle.loads(pickle.dumps(config)) == config
    if flavour.name == "keras3":  # one that has made no steps: no others can be copied
        new = keras.optimizers.Adam(0.01)
        with tb_bnplugin.watch(create_dense(keras), optimizer=new):
            assert copy.deepcopy(new).get_config() == new.get_config()
