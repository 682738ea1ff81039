"""Steps never go back within a process: fits, compiles and callbacks begin phases."""

from __future__ import annotations

import copy
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.training.recorder import Recorder
from tests.conftest import Flavour
from tests.support.logs import create, read, read_model
from tests.support.tiny import (
    X,
    Y,
    compile_tiny,
    create_dense,
    fit,
    layers_record,
    model_value,
)


def test_two_fits_with_a_compile_between_are_two_phases(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    compile_tiny(model)
    fit(model, callbacks=[callback])
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 21))
    assert [(phase.step, phase.reason) for phase in history.phases] == [
        (1, "fit"),
        (11, "compile"),
    ]
    assert history.model("iterations").tolist() == [*range(1, 11), *range(1, 11)]
    assert history.layer("training_tape")[:, 0].tolist() == list(range(1, 21))


def test_a_new_callback_in_the_same_folder_goes_on(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[create(tmp_path)])
    fit(model, callbacks=[create(tmp_path)])
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 21))
    assert [phase.step for phase in history.phases] == [1, 11]
    assert history.layer("training_tape")[-1, 0] == 20


def test_a_new_folder_starts_at_step_one(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[create(tmp_path / "a")])
    fit(model, callbacks=[create(tmp_path / "b")])
    for name in ("a", "b"):
        history = read_model(tmp_path / name)
        assert history.steps.tolist() == list(range(1, 11))
        assert [layer.path for layer in history.facts.layers] == ["bn"]


def test_two_models_in_one_folder_keep_apart(flavour: Flavour, tmp_path: Path) -> None:
    one, two = (compile_tiny(create_dense(flavour.keras, "same")) for _ in range(2))
    callback = create(tmp_path)
    fit(one, callbacks=[callback])
    fit(two, callbacks=[callback])
    models = {model.facts.name: model for model in read(tmp_path)["batch_norm"].models}
    assert sorted(models) == ["same", "same_1"]
    assert models["same"].steps.tolist() == list(range(1, 11))
    assert models["same_1"].steps.tolist() == list(range(11, 21))


def test_a_fit_that_was_interrupted_goes_on(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras

    class Interrupts(keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 4:
                raise KeyboardInterrupt

    model = compile_tiny(create_dense(keras))
    callback = create(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(model, callbacks=[callback, Interrupts()])
    fit(model, callbacks=[callback])
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 16))
    assert [(phase.step, phase.reason) for phase in history.phases] == [
        (1, "fit"),
        (6, "fit"),
    ]


def test_epochs_that_go_on_counting(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, epochs=2, callbacks=[callback])
    fit(model, initial_epoch=2, epochs=3, callbacks=[callback])
    assert read_model(tmp_path).epochs == ((0, 10), (1, 20), (2, 30))


def test_a_train_step_with_optimizers_of_its_own(
    flavour: Flavour, tmp_path: Path, tensorflow: ModuleType
) -> None:
    """The compiled optimizer stands still: the batches are the steps."""
    keras, tf = flavour.keras, tensorflow

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__(name="own")
            self.inner = create_dense(keras, "inner")
            self.own = keras.optimizers.SGD(0.1)

        def call(self, inputs: Any) -> Any:
            return self.inner(inputs)

        def train_step(self, data: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self.inner(data[0], training=True) - data[1]))
            weights = self.inner.trainable_variables
            gradients = tape.gradient(loss, weights)
            self.own.apply_gradients(zip(gradients, weights, strict=True))
            return {"loss": loss}

    model = Own()
    model.compile()
    fit(model, epochs=2, callbacks=[create(tmp_path)])
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 21))
    assert history.layer("training_tape")[:, 0].tolist() == list(range(1, 21))
    assert history.model("weight_changes")[-1] >= 19


def test_a_learning_rate_that_decays(flavour: Flavour, tmp_path: Path) -> None:
    optimizers = flavour.keras.optimizers
    model = create_dense(flavour.keras)
    decay = optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    model.compile(optimizers.SGD(decay), "mse")
    fit(model, callbacks=[create(tmp_path)])
    rates = read_model(tmp_path).model("learning_rate")
    np.testing.assert_allclose(rates[1:] / rates[:-1], 0.5, rtol=1e-5)


def test_a_loop_that_compiles_anew_is_read_anew(flavour: Flavour) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    watch = Recorder(model)
    watch.snapshot(1, "on_demand")
    model.compile(flavour.keras.optimizers.SGD(0.25), "mse")
    model.train_on_batch(X, Y)
    table = layers_record(watch.snapshot(2, "on_demand"))
    assert model_value(table, "learning_rate") == 0.25
    assert model_value(table, "iterations") == 1


def test_a_copied_callback_records_by_itself(flavour: Flavour, tmp_path: Path) -> None:
    """Tuners give each trial a deep copy of the callbacks, and the user keeps the original."""
    original = create(tmp_path)
    assert [outcome.code for outcome in original.outcomes()] == ["RC101"]
    callback = copy.deepcopy(original)
    fit(compile_tiny(create_dense(flavour.keras)), callbacks=[callback])
    assert len(callback.outcomes()) > 1
    assert original.outcomes() == callback.outcomes()
    assert read_model(tmp_path, "batch_norm_2").steps[-1] == 10
