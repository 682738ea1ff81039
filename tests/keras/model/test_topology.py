"""The model map: leaf layers in order, nested models expanded, every edge and join."""

from __future__ import annotations

from typing import Any

import pytest

from tb_bnplugin.keras.model.topology import Topology, describe
from tb_bnplugin.training.recorder import Recorder
from tests.conftest import Flavour
from tests.support.tiny import create_dense, recorded_facts


def edges(model: Any) -> set[tuple[str, str]]:
    """The edges by the layers' paths."""
    topology = describe(model)
    return {(topology.paths[source], topology.paths[target]) for source, target in topology.edges}


def test_mobile_net_has_all_layers_and_joins(flavour: Flavour) -> None:
    model = flavour.keras.applications.MobileNetV2(
        weights=None, alpha=0.35, input_shape=(32, 32, 3)
    )
    facts = recorded_facts(Recorder(model))
    assert len(facts.layers) == 52
    assert len(facts.graph.nodes) == len(model.layers)
    incoming = [target for _, target in facts.graph.edges]
    joins = {facts.graph.nodes[at].path for at in incoming if incoming.count(at) == 2}
    blocks = (2, 4, 5, 7, 8, 9, 11, 12, 14, 15)  # those of stride 1 whose width stays
    assert joins == {f"block_{block}_add" for block in blocks}


def test_operators_between_layers_are_nodes_too(flavour: Flavour) -> None:
    keras = flavour.keras
    inputs = keras.Input((3,), name="in")
    normed = keras.layers.BatchNormalization(name="bn")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(inputs + normed))
    (join,) = {target for source, target in edges(model) if source == "bn"}
    assert edges(model) == {("in", "bn"), ("in", join), ("bn", join), (join, "out")}


def test_a_nested_model_is_expanded(flavour: Flavour) -> None:
    keras = flavour.keras
    base = create_dense(keras, "base")
    inputs = keras.Input((3,), name="in")
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(base(inputs)))
    assert edges(model) == {
        ("in", "base/first"),
        ("base/first", "base/bn"),
        ("base/bn", "base/last"),
        ("base/last", "out"),
    }


def test_several_inputs_and_outputs_keep_their_places(flavour: Flavour) -> None:
    keras = flavour.keras
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    bn, dense = keras.layers.BatchNormalization(name="bn"), keras.layers.Dense(2, name="dense")
    base = keras.Model([left, right], [bn(left), dense(right)], name="base")
    one, two = keras.Input((3,), name="one"), keras.Input((3,), name="two")
    first, second = base([one, two])
    model = keras.Model(
        [one, two],
        [keras.layers.Dense(1, name="a")(first), keras.layers.Dense(1, name="b")(second)],
    )
    assert edges(model) == {
        ("one", "base/bn"),
        ("base/bn", "a"),
        ("two", "base/dense"),
        ("base/dense", "b"),
    }


def test_inputs_and_outputs_in_dicts(flavour: Flavour) -> None:
    keras = flavour.keras
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    bn, dense = keras.layers.BatchNormalization(name="bn"), keras.layers.Dense(2, name="dense")
    base = keras.Model(
        {"left": left, "right": right}, {"normed": bn(left), "wide": dense(right)}, name="base"
    )
    one, two = keras.Input((3,), name="one"), keras.Input((3,), name="two")
    made = base({"right": two, "left": one})
    model = keras.Model([one, two], keras.layers.Dense(1, name="a")(made["normed"]))
    assert ("one", "base/bn") in edges(model)
    assert ("base/bn", "a") in edges(model)
    assert ("two", "base/bn") not in edges(model)


def test_a_shared_layer_is_one_node(flavour: Flavour) -> None:
    keras = flavour.keras
    shared = keras.layers.BatchNormalization(name="shared")
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    outputs = keras.layers.Concatenate(name="join")([shared(left), shared(right)])
    model = keras.Model([left, right], outputs)
    assert edges(model) == {("left", "shared"), ("right", "shared"), ("shared", "join")}


def test_an_unbuilt_sequential_is_a_chain(flavour: Flavour) -> None:
    keras = flavour.keras
    model = keras.Sequential(
        [keras.layers.Dense(2, name="a"), keras.layers.BatchNormalization(name="b")]
    )
    assert edges(model) == {("a", "b")}


def test_a_subclassed_model_has_layers_and_no_edges(flavour: Flavour) -> None:
    keras = flavour.keras

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization(name="bn")
            self.base = create_dense(keras, "base")

    topology = describe(Own())
    assert topology.paths[0] == "bn"
    assert [path for path in topology.paths if path.startswith("base/")][-3:] == [
        "base/first",
        "base/bn",
        "base/last",
    ]


@pytest.mark.parametrize("asked", [True, False])
def test_what_the_graph_asks_for(flavour: Flavour, asked: bool) -> None:
    keras = flavour.keras
    bn = keras.layers.BatchNormalization(name="bn")
    base_input = keras.Input((3,))
    base = keras.Model(base_input, keras.layers.BatchNormalization(name="inner")(base_input))
    inputs = keras.Input((3,))
    model = keras.Model(inputs, base(bn(inputs, training=asked), training=asked))
    assert requests(describe(model)) == {"bn": asked, "inner": asked}


def test_nothing_is_asked_for_where_calls_disagree(flavour: Flavour) -> None:
    keras = flavour.keras
    bn = keras.layers.BatchNormalization(name="bn")
    inputs = keras.Input((3,))
    outputs = keras.layers.Add()([bn(inputs, training=False), bn(inputs, training=True)])
    assert requests(describe(keras.Model(inputs, outputs))) == {"bn": None}


def requests(topology: Topology) -> dict[str, bool | None]:
    return {
        str(layer.name): topology.requested[id(layer)]
        for layer in topology.layers
        if type(layer).__name__ == "BatchNormalization"
    }
