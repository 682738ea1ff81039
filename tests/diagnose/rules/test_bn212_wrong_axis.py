from __future__ import annotations

from typing import Any

import pytest

from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import Node
from tests.support.histories import create_history
from tests.support.judging import judge

CONV: dict[str, Any] = {"layer_class": "Conv2D", "filters": 8, "channel_axis": 3, "axes": 4}
FIRST = {**CONV, "channel_axis": 1}


def net(*classes: Any, axis: tuple[int, ...] = (-1,), edges: Any = None) -> ModelHistory:
    """A chain of layers, each a class or the facts of a node; "BatchNormalization" is judged."""
    nodes = []
    for at, given in enumerate(classes):
        facts: dict[str, Any] = {"layer_class": given} if isinstance(given, str) else given
        is_norm = facts["layer_class"] == "BatchNormalization"
        nodes.append(Node(path=f"layer_{at}", layer=0 if is_norm else None, **facts))
    chain = tuple((at, at + 1) for at in range(len(nodes) - 1))
    return create_history(
        layers=1,
        layer_facts={"axis": axis, "channels": 12},
        facts={"nodes": tuple(nodes), "edges": chain if edges is None else edges},
    )


TO_FRONT = {"layer_class": "Permute", "permutes": (3, 1, 2)}
TO_BACK = {"layer_class": "Permute", "permutes": (2, 3, 1)}
NORM = "BatchNormalization"
WRONG = {
    "channels first": (net(FIRST, NORM), 1),
    "permuted to the front": (net(CONV, TO_FRONT, NORM), 1),
    "after layers that keep the axes": (net(FIRST, "ReLU", "MaxPooling2D", "Dropout", NORM), 1),
    "counted from the front": (net(FIRST, NORM, axis=(3,)), 1),
    "the first axis, the filters last": (net(CONV, NORM, axis=(1,)), 3),
    "branches that agree": (
        net(FIRST, {**FIRST}, "Add", NORM, edges=((0, 2), (1, 2), (2, 3))),
        1,
    ),
}
FINDINGS = {name: history for name, (history, _) in WRONG.items()}
SILENT = {
    "filters last": net(CONV, NORM),
    "channels first, and said so": net(FIRST, NORM, axis=(1,)),
    "permuted back": net(FIRST, TO_BACK, NORM),
    "permuted twice": net(CONV, TO_FRONT, TO_BACK, NORM),
    "several axes with the filters": net(FIRST, NORM, axis=(1, 3)),
    "reshaped": net(FIRST, "Reshape", NORM),
    "a layer of the program's own": net(FIRST, "MyLayer", NORM),
    "no convolution": net("Dense", NORM),
    "branches that differ": net(FIRST, CONV, "Add", NORM, edges=((0, 2), (1, 2), (2, 3))),
    "a branch that is not known": net(FIRST, "Dense", "Add", NORM, edges=((0, 2), (1, 2), (2, 3))),
    "no edges": net(FIRST, NORM, edges=()),
}


@pytest.mark.parametrize("name", WRONG)
def test_warns(name: str) -> None:
    history, axis = WRONG[name]
    outcome = judge("BN212", history)
    assert (outcome.status, outcome.severity) == ("finding", "warning")
    assert f"`BatchNormalization(axis={axis})`" in outcome.fix
    assert outcome.evidence["filters"] == 8


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN212", SILENT[name]).status != "finding"


@pytest.mark.parametrize("name", ["reshaped", "a layer of the program's own", "no edges"])
def test_what_is_not_known_is_not_passed(name: str) -> None:
    assert judge("BN212", SILENT[name]).status == "not_checked"


def test_of_a_subclassed_model_the_graph_is_not_known() -> None:
    nodes = (Node(path="conv", layer=None, **CONV), Node(path="bn", layer=0, layer_class=NORM))
    history = create_history(layers=1, facts={"subclassed": True, "nodes": nodes})
    reason = str(judge("BN212", history).reason)
    assert "no graph of a subclassed model" in reason
    assert "shows no convolution" not in reason


def test_passes_on_evidence() -> None:
    assert judge("BN212", SILENT["filters last"]).status == "ok"


def test_a_virtual_batch_counts_axes_otherwise() -> None:
    history = create_history(
        layers=1,
        layer_facts={"axis": (4,), "channels": 12, "virtual_batch": 4},
        facts={
            "nodes": (
                Node(path="conv", layer=None, **CONV),
                Node(path="bn", layer=0, layer_class=NORM),
            ),
            "edges": ((0, 1),),
        },
    )
    assert judge("BN212", history).status != "finding"
