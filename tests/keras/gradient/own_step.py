"""A model whose `train_step` differentiates a given loss, and what its gradient shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient.watched_step import WatchedStep
from tb_bnplugin.schema.columns import GRADIENT_COLUMNS

RUNS: dict[str, dict[str, Any]] = {
    "eager": {"run_eagerly": True, "jit_compile": False},
    "graph": {"jit_compile": False},
    "xla": {"jit_compile": True},
}


def create(
    keras: Any, loss_of: Callable[..., Any], compiled: Any, shape: Any, units: int, **how: Any
) -> Any:
    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y, weights = (*data, None)[:3]
            given = (y,) if weights is None else (y, weights)
            with tf.GradientTape() as tape:
                loss = loss_of(*given, self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            pairs = zip(gradients, self.trainable_variables, strict=True)
            self.optimizer.apply_gradients(pairs)
            return {"loss": tf.reduce_mean(loss)}

    keras.utils.set_random_seed(1)
    inputs = keras.Input(shape)
    hidden = keras.layers.BatchNormalization()(keras.layers.Dense(4)(inputs))
    model = Own(inputs, keras.layers.Dense(units)(hidden))
    model.compile(keras.optimizers.SGD(0.01), compiled, **how)
    return model


def measured(
    build: Callable[[], Any], *data: Any, rows: int, epochs: int = 1, rounding: float = 0.0
) -> dict[str, float]:
    """The columns of one record of all steps; the weights stay what they are without it.

    To within `rounding`: XLA adds up an array of all pairs of rows in another order where anybody
    looks at its gradient.
    """
    model, bare = build(), build()
    step = WatchedStep(model, tf.distribute.get_strategy(), Guard("own"))
    step.begin()
    for each in (model, bare):
        batches = tf.data.Dataset.from_tensor_slices(data).batch(rows)
        each.fit(batches, epochs=epochs, shuffle=False, verbose=0)
    values = step.take()
    step.end()
    for ours, theirs in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rounding, atol=0.0)
    assert values is not None
    return dict(zip(GRADIENT_COLUMNS, values.tolist(), strict=True))
