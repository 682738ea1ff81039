"""The model that a loss belongs to, where several are watched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin import summary
from tests.conftest import Flavour
from tests.support.logs import read

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = np.ones((16, 1), np.float32)


def make(keras: Any, name: str) -> Any:
    layers = [keras.layers.BatchNormalization(name="bn"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *layers], name=name)
    model.compile("sgd", "mse")
    return model


class Trainer:
    """A program that keeps its model in an attribute."""

    def __init__(self, net: Any) -> None:
        self.net = net

    def step(self, tf: Any) -> None:
        summary.loss_reduction("mse", Y, self.net(X, training=True), step=1)


def in_a_function(tf: Any, net: Any) -> None:
    @tf.function
    def step() -> None:
        predictions = net(X, training=True)
        summary.loss_reduction("mse", Y, predictions, step=1)

    step()


def in_a_method(tf: Any, net: Any) -> None:
    tf.function(Trainer(net).step)(tf)


def eagerly(tf: Any, net: Any) -> None:
    summary.loss_reduction("mse", Y, net(X, training=True), step=1)


@pytest.mark.parametrize("how", [in_a_function, in_a_method, eagerly])
def test_a_loss_is_of_the_model_that_its_step_names(
    how: Callable[..., None], flavour: Flavour, tensorflow: ModuleType, tmp_path: Path
) -> None:
    """As in a notebook, in which the model of an earlier cell is still watched."""
    earlier, model = make(flavour.keras, "earlier"), make(flavour.keras, "later")
    callback = tb_bnplugin.BatchNormCallback(tmp_path / "fit", on_finding="ignore")
    earlier.fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    watches = [tb_bnplugin.watch(each) for each in (earlier, model)]
    writer = tensorflow.summary.create_file_writer(str(tmp_path / "loop"))
    with writer.as_default():
        how(tensorflow, model)
    for watch in watches:
        watch.close()
    writer.close()
    assert [each.facts.name for each in read(tmp_path)["loop"].models] == ["later"]
    assert len(read(tmp_path)["loop"].models[0].losses) == 1


def test_where_two_are_named_it_is_of_neither(
    flavour: Flavour, tensorflow: ModuleType, tmp_path: Path
) -> None:
    one, other = make(flavour.keras, "one"), make(flavour.keras, "other")
    watches = [tb_bnplugin.watch(each) for each in (one, other)]
    writer = tensorflow.summary.create_file_writer(str(tmp_path / "loop"))
    with writer.as_default():
        summary.loss_reduction("mse", one(X), other(X), step=1)
    for watch in watches:
        watch.close()
    writer.close()
    histories = {each.facts.name: each for each in read(tmp_path)["loop"].models}
    assert [name for name, each in histories.items() if each.losses] == ["loop"]
