"""A `train_step` of one's own hands over the loss that it differentiates, while `fit` trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import fit


def squared(y: Any, p: Any) -> Any:
    return tf.reduce_sum(tf.square(y - p)) / 4


def create_own(keras: Any, **how: Any) -> Any:
    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                p = self(x, training=True)
                loss = squared(y, p)
            gradients = tape.gradient(loss, self.trainable_variables)
            pairs = zip(gradients, self.trainable_variables, strict=True)
            self.optimizer.apply_gradients(pairs)
            tb_bnplugin.summary.loss_reduction(squared, y, p, value=loss)
            return {"loss": loss}

    inputs = keras.Input((3,))
    hidden = keras.layers.BatchNormalization(name="bn")(inputs)
    model = Own(inputs, keras.layers.Dense(1)(hidden))
    model.compile("sgd", **how)
    return model


def test_the_loss_of_a_train_step_is_recorded_beside_the_layers(
    flavour: Flavour, tmp_path: Path
) -> None:
    model = create_own(flavour.keras, jit_compile=False)
    for _ in range(2):  # the second fit has a writer of its own
        fit(model, callbacks=[create(tmp_path)])
    history = read_model(tmp_path)
    (loss,) = history.losses
    assert loss.steps.tolist() == list(range(1, 21))
    assert history.steps[-1] == 20
    assert history.layer("training_tape")[-1, 0] == 20
    outcomes = {each.code: each for each in tb_bnplugin.check(tmp_path).outcomes}
    assert outcomes["LR101"].fact
    assert "a fixed 4" in outcomes["LR101"].message


def test_under_xla_it_is_left_out_with_one_warning(flavour: Flavour, tmp_path: Path) -> None:
    model = create_own(flavour.keras, jit_compile=True)
    with pytest.warns(RuntimeWarning, match="jit_compile=False"):
        fit(model, callbacks=[create(tmp_path)])
    assert read_model(tmp_path).layer("training_tape")[-1, 0] == 10


def test_a_fit_that_was_interrupted_before_is_not_taken_for_this_one(
    flavour: Flavour, tmp_path: Path
) -> None:
    class Interrupt(flavour.keras.callbacks.Callback):  # type: ignore[misc, name-defined, unused-ignore]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    first = create_own(flavour.keras, jit_compile=False)
    with pytest.raises(KeyboardInterrupt):
        fit(first, callbacks=[create(tmp_path / "first"), Interrupt()])
    fit(create_own(flavour.keras, jit_compile=False), callbacks=[create(tmp_path / "second")])
    (loss,) = read_model(tmp_path / "second").losses
    assert loss.steps.tolist() == list(range(1, 11))


def test_a_step_that_no_callback_records_trains_all_the_same(flavour: Flavour) -> None:
    fit(create_own(flavour.keras, jit_compile=False))
