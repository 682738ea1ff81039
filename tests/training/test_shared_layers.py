"""Layers that several recorded models of a run hold are known as the same, and told once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

import tb_bnplugin
from tb_bnplugin.training.recorder import watch_model
from tests.conftest import Flavour
from tests.support.logs import read
from tests.support.tiny import X, Y, compile_tiny, create_dense, recorded_facts


def stacked(keras: Any) -> tuple[Any, Any]:
    """A critic, and a model that stacks it on a layer of its own."""
    critic = create_dense(keras, name="critic", momentum=0.999)
    inputs = keras.Input((3,))
    hidden = keras.layers.BatchNormalization(name="own", momentum=0.999)(inputs)
    return critic, keras.Model(inputs, critic(hidden), name="stack")


def train_both(critic: Any, stack: Any, folder: Path) -> None:
    with tf.summary.create_file_writer(str(folder)).as_default():
        for step in range(1, 5):
            for model in (critic, stack):
                model.train_on_batch(X, Y)
                tb_bnplugin.summary.batch_norm(model, step=step)
        for model in (critic, stack):
            model(X, training=False)
            tb_bnplugin.summary.batch_norm(model, step=5)


def test_a_layer_is_named_by_the_model_that_was_recorded_first(
    flavour: Flavour, tmp_path: Path
) -> None:
    critic, stack = (compile_tiny(model) for model in stacked(flavour.keras))
    with tb_bnplugin.watch(stack), tb_bnplugin.watch(critic):
        train_both(critic, stack, tmp_path)
    first, second = read(tmp_path)["."].models
    assert [layer.sharing.first_in for layer in first.facts.layers] == [""]
    shared = {layer.path: layer.sharing.first_in for layer in second.facts.layers}
    assert shared == {"own": "", "critic/bn": "critic/bn"}


def test_the_console_tells_of_a_layer_once(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    critic, stack = (compile_tiny(model) for model in stacked(flavour.keras))
    with tb_bnplugin.watch(critic), tb_bnplugin.watch(stack):
        train_both(critic, stack, tmp_path)
    lines = [line for line in capsys.readouterr().err.splitlines() if "warning BN201 " in line]
    assert len(lines) == 2  # the stack's tells of its own layer, too


def inner_twice(keras: Any, layer: Any) -> Any:
    inputs = keras.Input((4,))
    return keras.Model(inputs, layer(layer(inputs)))


def test_calls_in_one_pass_are_those_of_the_graph(flavour: Flavour) -> None:
    keras = flavour.keras
    twice = inner_twice(keras, keras.layers.BatchNormalization())
    facts = recorded_facts(watch_model(twice))
    assert [each.sharing.calls_a_pass for each in facts.layers] == [2]
