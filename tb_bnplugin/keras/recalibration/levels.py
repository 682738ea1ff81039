"""The order in which layers can be corrected: each after all that its inputs depend on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LayerCall = tuple[int, Any, Any]
"""Index of a layer, and the symbolic tensors that entered and left it in one call."""


def levels_of(graph: Any, calls: Sequence[LayerCall], layers: int) -> list[int]:
    """The level of each layer, from 1 on; 0 of one that was not called.

    A layer of level 1 depends on no other, and those of one level not on each other. Where that
    cannot be, since a layer is called on what depends on itself, each has a level of its own, in
    the order of the first calls.

    Args:
        graph: in which all of `calls` were traced.
        calls: in the order in which they were made.
        layers: how many there are.
    """
    levels = [0] * layers
    operations = graph.get_operations()  # each after those whose outputs it takes
    for _ in range(layers + 1):
        raised = _propagate(operations, calls, levels)
        if raised == levels:
            return levels
        levels = raised
    return in_order(calls, layers)


def in_order(calls: Sequence[LayerCall], layers: int) -> list[int]:
    """A level for each layer, in the order of the first calls."""
    levels = [0] * layers
    for level, layer in enumerate(dict.fromkeys(call[0] for call in calls), start=1):
        levels[layer] = level
    return levels


def _propagate(
    operations: Sequence[Any], calls: Sequence[LayerCall], levels: Sequence[int]
) -> list[int]:
    entering: dict[int, list[int]] = {}
    leaving: dict[int, int] = {}
    for layer, inputs, outputs in calls:
        entering.setdefault(id(inputs.op), []).append(layer)
        leaving[id(outputs.op)] = layer
    raised, depths = list(levels), dict[int, int]()
    for operation in operations:
        depth = max((depths.get(id(tensor.op), 0) for tensor in operation.inputs), default=0)
        if id(operation) in leaving:
            depth = max(depth, raised[leaving[id(operation)]])
        depths[id(operation)] = depth
        for layer in entering.get(id(operation), ()):
            raised[layer] = max(raised[layer], depth + 1)
    return raised
