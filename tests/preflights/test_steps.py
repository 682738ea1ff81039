"""How many steps are made: a few, and more where a program may add its regularizers later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.preflights.recording import MOST_STEPS, STEPS
from tests.conftest import Flavour
from tests.support.twin_pairs import FEATURES, batch, cross_entropy, loop, norm_net

Added = Callable[[Any], Any]


def trained_by_itself(keras: Any, added: Added | None) -> Any:
    """A model with a `train_step` that adds something to the loss of its batch, or nothing."""

    class Penalized(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = cross_entropy(keras)(y, self(x, training=True))
                loss = loss if added is None else loss + added(self)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            return {"loss": loss}

    inputs = keras.Input((FEATURES,))
    hidden = keras.layers.Dense(16, kernel_regularizer="l2")(inputs)
    outputs = keras.layers.Dense(10)(keras.layers.BatchNormalization()(hidden))
    model = Penalized(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.01))
    return model


def regularizers(model: Any) -> Any:
    return tf.add_n(model.losses)


def in_every_tenth_step(model: Any) -> Any:
    is_tenth = tf.equal(tf.cast(model.optimizer.iterations, tf.int64) % 10, 9)
    return tf.cond(is_tenth, lambda: 10.0 * regularizers(model), lambda: 0.0)


@pytest.mark.parametrize(
    ("added", "codes"),
    [(None, ["LR106"]), (regularizers, []), (in_every_tenth_step, [])],
    ids=["never", "always", "in every tenth step"],
)
def test_regularizers_of_an_own_train_step(
    flavour: Flavour, added: Added | None, codes: list[str]
) -> None:
    x, y = batch()
    report = tb_bnplugin.preflight(trained_by_itself(flavour.keras, added), x, y)
    assert [each.code for each in report.findings()] == codes, str(report)


@pytest.mark.parametrize(
    ("penalty", "least"), [(None, STEPS), ("l2", MOST_STEPS)], ids=["none", "left out"]
)
def test_more_steps_are_made_where_a_regularizer_is_in_none(
    flavour: Flavour, penalty: str | None, least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    keras = flavour.keras
    x, y = batch()
    model = norm_net(keras, kernel_regularizer=penalty)

    def loss_of(labels: Any, outputs: Any) -> Any:
        print("a step")  # a list would be put back
        return tf.reduce_mean(cross_entropy(keras, reduction="none")(labels, outputs))

    tb_bnplugin.preflight(
        model, x, y, loop(model, keras.optimizers.SGD(0.1), loss_of, traced=False)
    )
    assert capsys.readouterr().out.count("a step") == least + 1  # and one whose loss is measured
