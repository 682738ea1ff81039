"""A model whose layers are made by its first call, with a `train_step` of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.watched import WatchedGradients
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS
from tests.conftest import Flavour
from tests.keras.gradient.own_step import RUNS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(32, 3)).astype("float32")
Y = RANDOM.normal(size=(32, 5)).astype("float32")


def create(keras: Any, made: str, how: str) -> Any:
    def layers() -> list[Any]:
        return [keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(5)]

    class Own(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.all = layers() if made == "before" else []

        def build(self, shape: Any) -> None:
            self.all = self.all or layers()
            self.built = True

        def call(self, x: Any, training: Any = None) -> Any:
            first, norm, last = self.all
            return last(norm(first(x), training=training))

        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(y - self(x, training=True))) / 8
            gradients = tape.gradient(loss, self.trainable_variables)
            doubled = [tf.add_n([each, each]) for each in gradients]
            pairs = zip(doubled, self.trainable_variables, strict=True)
            self.optimizer.apply_gradients(pairs)
            return {"value": loss}

    keras.utils.set_random_seed(1)
    model = Own()
    model.compile(keras.optimizers.SGD(0.01), "mse", **RUNS[how])
    return model


@pytest.mark.parametrize("made", ["before", "by build"])
@pytest.mark.parametrize("how", ["eager", "graph"])
def test_both_gradients_are_measured(flavour: Flavour, made: str, how: str) -> None:
    model, bare = (create(flavour.keras, made, how) for _ in range(2))
    gradients = WatchedGradients(Guard("own"))
    gradients.begin_fit(model)
    for each in (model, bare):
        flavour.keras.utils.set_random_seed(1)  # the weights are made by the first step
        each.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    predicted, applied = gradients.at_predictions(), gradients.applied()
    gradients.end_fit()
    for ours, theirs in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert predicted is not None
    assert applied is not None
    assert predicted[:4] == pytest.approx([1 / 8, 1.0, 4.0, 4.0], rel=1e-5)
    found = dict(zip(GRADIENT_COLUMNS, applied.tolist(), strict=True))
    assert found["applied_factor"] == pytest.approx(2.0, rel=1e-5)
    assert found["applications"] == 4.0
    assert not {"train_step", "call"} & set(model.__dict__)
    assert "call" not in model.all[-1].__dict__
