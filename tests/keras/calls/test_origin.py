"""Counters read where the data enter the graph, and leave alone what lies between two layers."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import tb_bnplugin
from tb_bnplugin.keras.calls.origin import origin
from tests.conftest import Flavour


def test_the_origin_of_inner_values_is_what_entered(tensorflow: ModuleType) -> None:
    tf = tensorflow
    found: list[Any] = []

    @tf.function(input_signature=[tf.TensorSpec((None, 4)), tf.TensorSpec(())])
    def step(data: Any, scale: Any) -> Any:
        inner = tf.nn.relu(scale * tf.matmul(data, tf.eye(4)) + 1.0)
        found.extend((origin(inner), origin(inner), origin(tf.constant(2.0)), data))
        return inner

    step.get_concrete_function()
    first, again, constant, data = found
    assert first is data
    assert again is data
    assert constant.op.type == "Const"


def readers_of_a_convolution(keras: Any, tf: ModuleType, *, watched: bool) -> list[str]:
    """The operations that read what a convolution before a normalization gives."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    watch = tb_bnplugin.watch(model) if watched else None
    traced = tf.function(
        lambda images: model(images, training=False),
        input_signature=[tf.TensorSpec((None, 8, 8, 3))],
    ).get_concrete_function()
    (convolution,) = (op for op in traced.graph.get_operations() if op.type == "Conv2D")
    if watch is not None:
        watch.close()
    readers = [reader.type for reader in convolution.outputs[0].consumers()]
    assert not [op for op in traced.graph.get_operations() if convolution in op.control_inputs]
    return sorted(readers)


def test_watching_adds_no_reader_between_layers(flavour: Flavour, tensorflow: ModuleType) -> None:
    bare, watched = (
        readers_of_a_convolution(flavour.keras, tensorflow, watched=watched)
        for watched in (False, True)
    )
    assert watched == bare
