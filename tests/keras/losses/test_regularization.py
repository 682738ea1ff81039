"""What regularizers add up to is recorded beside the loss, on both Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.keras.losses.regularization import weight_regularization
from tests.conftest import Flavour
from tests.support.logs import read_model
from tests.support.tiny import X, Y


def create_regularized(keras: Any, strength: float = 0.5) -> Any:
    layers = keras.layers
    l2 = keras.regularizers.L2(strength)
    dense = layers.Dense(4, kernel_regularizer=l2, bias_initializer="ones", name="regularized")
    return keras.Sequential(
        [keras.Input((3,)), dense, layers.BatchNormalization(), layers.Dense(1)], name="model"
    )


def test_the_sum_is_that_of_the_formula(flavour: Flavour) -> None:
    model = create_regularized(flavour.keras)
    kernel = np.asarray(model.get_layer("regularized").get_weights()[0], np.float64)
    assert float(weight_regularization(model)) == pytest.approx(0.5 * (kernel**2).sum(), rel=1e-5)


def test_frozen_weights_are_left_out_as_keras_does(flavour: Flavour) -> None:
    model = create_regularized(flavour.keras)
    model.get_layer("regularized").trainable = False
    assert float(weight_regularization(model)) == 0.0
    assert float(sum(model.losses, tf.constant(0.0))) == 0.0 or flavour.name == "tf_keras"


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("added", [False, True])
def test_a_loop_that_forgets_them_is_found(
    flavour: Flavour, tmp_path: Path, traced: bool, added: bool
) -> None:
    keras = flavour.keras
    model = create_regularized(keras)
    loss_of = keras.losses.MeanSquaredError()
    watch = tb_bnplugin.watch(model)

    def step(number: Any) -> None:
        with tf.GradientTape() as tape:
            predictions = model(X, training=True)
            loss = loss_of(Y, predictions)
            total = loss + tf.add_n(model.losses) if added else loss
        tape.gradient(total, model.trainable_variables)
        tb_bnplugin.summary.loss_reduction(loss_of, Y, predictions, value=total, step=number)

    run = tf.function(step) if traced else step
    with tf.summary.create_file_writer(str(tmp_path / "batch_norm")).as_default():
        tb_bnplugin.summary.batch_norm(model, step=0)  # whose loss it is, of all that are watched
        for number in range(1, 4):
            run(tf.constant(number, tf.int64))
    watch.close()
    (loss,) = read_model(tmp_path).losses
    expected = float(weight_regularization(model))
    np.testing.assert_allclose(loss.columns["regularization"], expected, rtol=1e-5)
    (run_outcomes,) = tb_bnplugin.check(tmp_path)
    (outcome,) = (entry for entry in run_outcomes.outcomes if entry.code == "LR106")
    assert outcome.status == ("ok" if added else "finding")
