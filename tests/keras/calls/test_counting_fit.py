"""What Keras' own loops run is counted by mode and context: one layer, ten batches of four."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.tiny import BATCH, X, Y, calls, compile_tiny, create_dense, executions, fit

WAYS: dict[str, dict[str, Any]] = {
    "graph": {"jit_compile": False},
    "eagerly": {"run_eagerly": True, "jit_compile": False},
    "jit": {"jit_compile": True},
    "several steps an execution": {"steps_per_execution": 4, "jit_compile": False},
}


@pytest.fixture(params=WAYS)
def model(request: pytest.FixtureRequest, flavour: Flavour) -> Any:
    made = compile_tiny(create_dense(flavour.keras), **WAYS[request.param])
    tb_bnplugin.watch(made)
    return made


def test_fit_trains_every_step_under_a_tape(model: Any) -> None:
    fit(model, epochs=2)
    assert executions(model) == {"bn": {"training_tape": 20}}


def test_validation_within_fit_is_evaluation(model: Any) -> None:
    fit(model, epochs=2, validation_data=(X, Y))
    # two epochs of ten batches each, validation of batches of four rows likewise
    assert executions(model) == {"bn": {"training_tape": 20, "inference_evaluate": 20}}


def test_evaluate_is_evaluation(model: Any) -> None:
    model.evaluate(X, Y, batch_size=BATCH, verbose=0)
    assert executions(model) == {"bn": {"inference_evaluate": 10}}


def test_predict_is_prediction(model: Any) -> None:
    model.predict(X, batch_size=BATCH, verbose=0)
    assert executions(model) == {"bn": {"inference_predict": 10}}


def test_batches_by_hand_count_as_what_they_are(flavour: Flavour) -> None:
    model = compile_tiny(create_dense(flavour.keras), jit_compile=False)
    tb_bnplugin.watch(model)
    for _ in range(3):
        model.train_on_batch(X, Y)
    model.test_on_batch(X, Y)
    model.predict_on_batch(X)
    assert executions(model) == {
        "bn": {"training_tape": 3, "inference_evaluate": 1, "inference_predict": 1}
    }


def test_frozen_layers_run_in_inference_mode(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    model.get_layer("bn").trainable = False
    tb_bnplugin.watch(compile_tiny(model))
    fit(model)
    assert executions(model) == {"bn": {"inference_tape": 10}}


def test_xla_is_noted(flavour: Flavour) -> None:
    model = compile_tiny(create_dense(flavour.keras), jit_compile=True)
    tb_bnplugin.watch(model)
    fit(model)
    assert {call.jit for call in calls(model)} == {True}


def test_a_second_fit_goes_on_counting(flavour: Flavour) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    tb_bnplugin.watch(model)
    fit(model)
    compile_tiny(model)
    fit(model)
    assert executions(model) == {"bn": {"training_tape": 20}}


def test_functions_run_eagerly_by_global_switch(flavour: Flavour, tensorflow: ModuleType) -> None:
    model = compile_tiny(create_dense(flavour.keras), jit_compile=False)
    tb_bnplugin.watch(model)
    tensorflow.config.run_functions_eagerly(True)
    try:
        for _ in range(3):
            model.train_on_batch(X, Y)
        model.test_on_batch(X, Y)
    finally:
        tensorflow.config.run_functions_eagerly(False)
    assert executions(model) == {"bn": {"training_tape": 3, "inference_evaluate": 1}}


def test_a_loop_in_the_graph_around_a_cell(flavour: Flavour) -> None:
    keras = flavour.keras

    class Cell(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        state_size = 3
        output_size = 3

        def __init__(self) -> None:
            super().__init__(name="cell")
            self.bn = keras.layers.BatchNormalization(name="bn", momentum=0.9)

        def build(self, shape: Any) -> None:
            self.bn.build(shape)
            self.built = True

        def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
            outputs = self.bn(inputs, training=training) + states[0]
            return outputs, [outputs]

    inputs, cell = keras.Input((5, 3)), Cell()
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.RNN(cell)(inputs)))
    tb_bnplugin.watch(compile_tiny(model))
    model.fit(np.ones((8, 5, 3)), Y[:8], batch_size=4, verbose=0)
    ((counted,),) = (counts.values() for counts in executions(model).values())
    # Of ones, n updates make a moving mean of 1 - 0.9^n. (Keras runs the first of the five time
    # steps once more, to learn the shape of the outputs.)
    mean = float(np.asarray(cell.bn.moving_mean)[0])
    assert 1 - 0.9**counted == pytest.approx(mean, rel=1e-5)
    assert counted >= 10
