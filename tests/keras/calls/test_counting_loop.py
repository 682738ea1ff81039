"""Loops of one's own: what a tape, a function and a mark of evaluation make of the context."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import tb_bnplugin
from tb_bnplugin.keras.calls.counting import MOST_WAYS
from tests.conftest import Flavour
from tests.support.tiny import X, calls, create_dense, executions


def train(tf: ModuleType, model: Any, **how: Any) -> Any:
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(X[:4], **how)))
    return tape.gradient(loss, model.trainable_variables)


def test_a_traced_step_with_its_own_tape(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    step = tensorflow.function(lambda: train(tensorflow, model, training=True))
    for _ in range(4):
        step()
    assert executions(model) == {"bn": {"training_tape": 4}}


def test_a_model_called_without_training_runs_in_inference_mode(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    step = tensorflow.function(lambda: train(tensorflow, model))
    for _ in range(4):
        step()
    assert executions(model) == {"bn": {"inference_tape": 4}}


def test_an_eager_step(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    for _ in range(4):
        train(tensorflow, model, training=True)
        model(X[:4], training=False)
    assert executions(model) == {"bn": {"training_tape": 4, "inference_no_tape": 4}}


def test_a_tape_that_stopped_recording_is_none(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    with tensorflow.GradientTape() as tape, tape.stop_recording():
        model(X[:4], training=True)
    assert executions(model) == {"bn": {"training_no_tape": 1}}


def test_a_function_shared_by_training_and_evaluation_is_unknown(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    model = create_dense(flavour.keras)
    watch = tb_bnplugin.watch(model)
    forward = tensorflow.function(lambda: model(X[:4], training=True))

    @tensorflow.function
    def train_once() -> Any:
        with tensorflow.GradientTape() as tape:
            loss = tensorflow.reduce_mean(forward())
        return tape.gradient(loss, model.trainable_variables)

    for _ in range(4):
        train_once()
        tensorflow.function(forward)()
    assert executions(model) == {"bn": {"training_unknown": 8}}
    with watch.evaluating():
        for _ in range(4):
            forward()
    assert executions(model) == {"bn": {"training_unknown": 8, "training_evaluate": 4}}


def test_marked_evaluation_splits_a_shared_function(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    model = create_dense(flavour.keras)
    watch = tb_bnplugin.watch(model)
    forward = tensorflow.function(lambda: model(X[:4], training=False))

    def train_once() -> Any:
        with tensorflow.GradientTape() as tape:
            loss = tensorflow.reduce_mean(forward())
        return tape.gradient(loss, model.trainable_variables)

    for _ in range(4):
        train_once()
        with watch.evaluating():
            forward()
    assert executions(model) == {"bn": {"inference_unknown": 4, "inference_evaluate": 4}}


def test_a_function_traced_without_a_tape_says_so(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    forward = tensorflow.function(lambda: model(X[:4], training=True))
    forward()  # traced here; TensorFlow does not trace again under the tape
    with tensorflow.GradientTape():
        forward()
    assert executions(model) == {"bn": {"training_no_tape": 2}}


def test_loops_and_branches_in_the_graph_count_what_they_run(
    flavour: Flavour, tensorflow: ModuleType
) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)

    @tensorflow.function
    def step(times: Any) -> None:
        for _ in tensorflow.range(times):
            if tensorflow.equal(times, 3):
                model(X[:4], training=True)
            else:
                model(X[:4], training=False)

    step(tensorflow.constant(3))
    step(tensorflow.constant(5))
    assert executions(model) == {"bn": {"training_no_tape": 3, "inference_no_tape": 5}}


def test_a_step_compiled_by_xla_counts(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    step = tensorflow.function(lambda: train(tensorflow, model, training=True), jit_compile=True)
    for _ in range(4):
        step()
    assert executions(model) == {"bn": {"training_tape": 4}}
    assert {call.jit for call in calls(model)} == {True}


def test_what_ran_before_watching_is_not_counted(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    traced_before = tensorflow.function(lambda: model(X[:4], training=True))
    traced_before()
    tb_bnplugin.watch(model)
    traced_before()
    assert executions(model) == {"bn": {}}


def test_closing_stops_nothing_but_new_counts(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model):
        model(X[:4], training=True)
    bn = model.get_layer("bn")
    assert "call" not in bn.__dict__
    model(X[:4], training=True)
    assert not hasattr(model, "_tb_bnplugin_watch")


def test_inputs_given_by_name(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    model.get_layer("bn")(training=True, inputs=X[:4, :1].repeat(4, axis=1))
    assert executions(model) == {"bn": {"training_no_tape": 1}}


def test_a_model_built_around_a_watched_one_is_no_execution(flavour: Flavour) -> None:
    keras = flavour.keras
    model = create_dense(keras)
    tb_bnplugin.watch(model)
    inputs = keras.Input((3,))
    around = keras.Model(inputs, keras.layers.Dense(2)(model(inputs)))
    around.compute_output_shape((2, 3))
    assert executions(model) == {"bn": {}}


def test_inputs_of_ever_new_shapes_stay_a_bounded_ledger(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    tb_bnplugin.watch(model)
    bn = model.get_layer("bn")
    for rows in range(1, 201):
        bn(X[:1, :1].repeat(4, axis=1).repeat(rows, axis=0), training=True)
    assert executions(model) == {"bn": {"training_no_tape": 200}}
    assert len(calls(model)) == MOST_WAYS + 1
