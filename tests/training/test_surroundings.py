"""What runs around a watched model: other devices, frozen graphs, interrupted loops, other fits."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.keras.variables import local
from tb_bnplugin.training.run import Run
from tests.conftest import Flavour
from tests.support.logs import create, read, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, executions, fit


@pytest.fixture
def other(flavour: Flavour, tensorflow: ModuleType) -> Any:
    """A model of its own on the second device, compiled by XLA; the first device has one too."""
    tb_bnplugin.watch(create_dense(flavour.keras), on_finding="ignore")
    with tensorflow.device("CPU:1"):
        model = compile_tiny(create_dense(flavour.keras), jit_compile=True)
        assert "CPU:1" in local(model.get_layer("bn").moving_mean).device
        yield model


def test_xla_on_another_device(other: Any, tmp_path: Path) -> None:
    fit(other, callbacks=[create(tmp_path)], validation_data=(X, Y))
    counted = executions(other)["bn"]
    assert (counted["training_tape"], counted["inference_evaluate"]) == (10, 10)


def freeze(tensorflow: ModuleType, model: Any) -> Any:
    """The model as a graph of constants, as exporters and counters of operations make it."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    tf = tensorflow
    function = tf.function(lambda x: model(x, training=False))
    concrete = function.get_concrete_function(tf.TensorSpec((4, 3), tf.float32))
    return convert_variables_to_constants_v2(concrete)


def test_a_graph_can_be_frozen_after_fit(
    flavour: Flavour, tensorflow: ModuleType, tmp_path: Path
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback], validation_data=(X, Y))
    frozen = freeze(tensorflow, model)
    wanted = model.predict(X[:4], verbose=0)
    np.testing.assert_allclose(frozen(tensorflow.constant(X[:4]))[0], wanted, rtol=1e-5)
    fit(model, callbacks=[callback], validation_data=(X, Y))  # goes on counting
    counted = executions(model)["bn"]
    assert (counted["training_tape"], counted["inference_evaluate"]) == (20, 20)


def test_evaluation_between_two_fits_counts(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    model.evaluate(X, Y, batch_size=20, verbose=0)  # traces the step that validation then uses
    fit(model, callbacks=[callback], validation_data=(X, Y), validation_batch_size=20)
    assert executions(model)["bn"]["inference_evaluate"] == 4


def test_a_watch_counts_functions_of_the_users_after_fit(
    flavour: Flavour, tensorflow: ModuleType, tmp_path: Path
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    watch = tb_bnplugin.watch(model, on_finding="ignore")
    fit(model, callbacks=[create(tmp_path)])
    tensorflow.function(lambda x: model(x, training=False))(X)
    assert executions(model)["bn"]["inference_no_tape"] == 1
    watch.close()
    frozen = freeze(tensorflow, model)
    assert frozen(tensorflow.constant(X[:4]))[0].shape == (4, 1)


def test_evaluating_within_a_traced_function(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    watch = tb_bnplugin.watch(model, on_finding="ignore")

    @tensorflow.function
    def evaluate(x: Any) -> Any:
        with watch.evaluating():
            return model(x, training=False)

    @tensorflow.function
    def predict(x: Any) -> Any:
        return model(x, training=False)

    for _ in range(3):
        evaluate(X)
    predict(X)
    counted = executions(model)["bn"]
    assert (counted["inference_evaluate"], counted["inference_no_tape"]) == (3, 1)
    watch.close()


@pytest.mark.parametrize("eagerly", [False, True])
def test_training_after_an_interrupted_evaluation_is_training(
    flavour: Flavour, tmp_path: Path, eagerly: bool
) -> None:
    keras = flavour.keras

    class Interrupt(keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    model = compile_tiny(create_dense(keras))
    another = compile_tiny(create_dense(keras), run_eagerly=eagerly)
    fit(model, callbacks=[create(tmp_path)])
    with pytest.raises(KeyboardInterrupt):
        model.evaluate(X, Y, verbose=0, callbacks=[create(tmp_path), Interrupt()])
    watch = tb_bnplugin.watch(another, on_finding="ignore")
    for _ in range(8):
        another.train_on_batch(X[:20], Y[:20])
        model.train_on_batch(X[:20], Y[:20])
    assert executions(another)["bn"] == {"training_tape": 8}
    assert executions(model)["bn"]["training_tape"] == 18
    watch.close()


def test_each_counter_of_steps_is_compared_with_itself() -> None:
    """A critic that trains five times for each step of its generator."""
    log = Run()
    placed = [
        (log.place(5 * step + part, "critic"), log.place(step, "generator"))
        for step in range(1, 101)
        for part in range(5)
    ]
    assert log.last_step == 504
    assert not any(restarted for pair in placed for _, restarted in pair)
    assert placed[-1] == ((504, False), (100, False))


def test_counters_that_begin_anew_together_go_on_together() -> None:
    log = Run()
    placed = [
        [log.place(step, "model")[0], log.place(step, "model/loss", beside="model")[0]]
        for _ in range(3)
        for step in range(1, 11)
    ]
    assert placed == [[step, step] for step in range(1, 31)]


def test_a_counter_that_is_seldom_asked_begins_anew_with_the_one_beside_it() -> None:
    """A loss measured at step 3 of the first epoch, and at step 7 of the second."""
    log = Run()
    measured = []
    for at in (3, 7):
        for step in range(1, 11):
            log.place(step, "model")
            if step == at:
                measured.append(log.place(step, "model/loss", beside="model"))
    assert measured == [(3, False), (17, False)]


def test_one_callback_over_two_models_tells_their_losses_apart(
    flavour: Flavour, tmp_path: Path
) -> None:
    keras = flavour.keras
    callback = create(tmp_path)
    for name, loss, labels in (("first", "mse", Y[:, 0]), ("second", "mae", Y)):
        model = create_dense(keras, name=name)
        model.compile(optimizer="sgd", loss=loss)
        model.fit(X, labels, batch_size=20, verbose=0, callbacks=[callback])
    (run,) = read(tmp_path).values()
    told = {model.facts.name: model.compiled_losses for model in run.models}
    (first,), (second,) = told["first"], told["second"]
    assert (first.loss_class, second.loss_class) == ("MeanSquaredError", "MeanAbsoluteError")
    assert second.label_shape is not None
    assert second.label_shape[1:] == (1,)


def test_a_new_callback_keeps_what_the_trace_was_given(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[create(tmp_path)])
    (before,) = read_model(tmp_path).compiled_losses
    fit(model, callbacks=[create(tmp_path)])
    history = read_model(tmp_path)
    assert before.label_shape is not None
    assert history.compiled_losses[-1].label_shape == before.label_shape
    assert [phase.reason for phase in history.phases] == ["fit", "fit"]
