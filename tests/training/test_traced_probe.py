"""A probe inside a traced step comes after the updates before it, and before what follows."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin import summary
from tests.conftest import Flavour
from tests.support.logs import read_model

STEPS = 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(3.0, 2.0, (STEPS, 256, 400)).astype("float32")
Y = RANDOM.normal(size=(STEPS, 256, 1)).astype("float32")
HELD = X[0, :8], Y[0, :8]


def create(keras: Any) -> Any:
    """Layers that take milliseconds, so that what does not wait for the update is before it."""
    keras.utils.set_random_seed(0)
    wide = [keras.layers.Dense(1000) for _ in range(3)]
    norm = keras.layers.BatchNormalization(momentum=0.5)
    return keras.Sequential([keras.Input((400,)), *wide, norm, keras.layers.Dense(1)])


def train(keras: Any, tf: ModuleType, folder: Path | None) -> tuple[Any, list[float]]:
    """The model after some steps, and its loss on the held batch after each."""
    model, optimizer = create(keras), keras.optimizers.SGD(1e-4)
    if folder is not None:
        watch = tb_bnplugin.watch(model, on_finding="ignore")
        writer = tf.summary.create_file_writer(str(folder))

    @tf.function
    def step(x: Any, y: Any, at: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        if folder is not None:
            with writer.as_default():
                summary.probe(model, *HELD, loss="mse", step=at)
                summary.batch_norm(model, step=at)

    losses = []
    for at in range(STEPS):
        step(tf.constant(X[at]), tf.constant(Y[at]), tf.constant(at + 1, tf.int64))
        held = model(HELD[0], training=False).numpy()
        losses.append(float(np.mean((held - HELD[1]) ** 2)))
    if folder is not None:
        watch.close()
        writer.close()
    return model, losses


def test_it_takes_no_update_back_and_measures_the_model_after_it(
    flavour: Flavour, tensorflow: ModuleType, tmp_path: Path
) -> None:
    unwatched, losses = train(flavour.keras, tensorflow, None)
    watched, _ = train(flavour.keras, tensorflow, tmp_path)
    for one, other in zip(unwatched.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    history = read_model(tmp_path, run=".")
    assert history.probe is not None
    assert history.probe.moving["loss"].tolist() == pytest.approx(losses, rel=1e-4)
    assert history.layer("statistics_changes")[:, 0].tolist() == [1, 2, 3, 4]
