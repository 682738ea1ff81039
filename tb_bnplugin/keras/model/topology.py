"""The model as a graph of leaf layers, nested models expanded, with every edge.

A functional or sequential model knows its edges; of a subclassed one only the layers are known.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Topology:
    """Leaf layers in the order they are reached, and the edges between them."""

    paths: list[str] = field(default_factory=list)
    layers: list[Any] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    requested: dict[int, bool | None] = field(default_factory=dict)
    """`training` asked for by a functional graph, by `id(layer)`; None: asked for differently."""
    calls: dict[int, int | None] = field(default_factory=dict)
    """Times that a graph calls a leaf in one pass, by `id(layer)`; None: not known."""

    def add(self, path: str, layer: Any) -> int:
        """Adds a leaf; a shared layer has one node."""
        for index, known in enumerate(self.layers):
            if known is layer:
                return index
        self.layers.append(layer)
        self.paths.append(path)
        return len(self.layers) - 1

    def connect(self, sources: Iterable[int], target: int) -> None:
        """Adds the edges from each source, once."""
        for source in sources:
            if (source, target) not in self._known:
                self._known.add((source, target))
                self.edges.append((source, target))

    _known: set[tuple[int, int]] = field(default_factory=set)


def describe(model: Any) -> Topology:
    """The topology of a model of either Keras."""
    topology = Topology()
    _expand(topology, model, "", None, asked=None)
    return topology


def is_graph(model: Any) -> bool:
    """True if the model is functional, or a built sequential one, so that its edges are known."""
    return _graph(model) is not None


def _graph(model: Any) -> Any:
    inner = getattr(model, "_functional", None)  # a built Keras 3 Sequential
    for candidate in (inner, model):
        if candidate is not None and getattr(candidate, "_nodes_by_depth", None):
            return candidate
    return None


def _expand(
    topology: Topology,
    layer: Any,
    path: str,
    inputs: Sequence[Sequence[int]] | None,
    *,
    asked: bool | None,
) -> list[list[int]]:
    """Adds a layer or model; returns, for each of its outputs, the nodes that make it.

    Args:
        inputs: for each input, the nodes that it comes from; None at the top.
        asked: `training` as an enclosing graph asks for it.
    """
    graph = _graph(layer)
    if graph is not None:
        return _expand_graph(topology, graph, path, inputs, asked=asked)
    # In a Keras 3 graph `x + y` is an operation, which is no layer and has none within.
    below_it = getattr(layer, "_flatten_layers", None)
    children = [] if below_it is None else list(below_it(include_self=False, recursive=False))
    sources = [node for part in inputs or [] for node in part]
    if not children:
        index = topology.add(path or str(layer.name), layer)
        topology.connect(sources, index)
        _request(topology, layer, asked=asked)
        _count_call(topology, layer)
        return [[index]]
    chain = type(layer).__name__ == "Sequential"
    made: list[int] = []
    for child in children:
        below = [sources] if chain else None
        outputs = _expand(topology, child, _join(path, child), below, asked=asked)
        made = [node for part in outputs for node in part]
        if chain:
            sources = made
    if not chain:  # its own code calls them, as often as it likes
        below_here = (one for child in children for one in child._flatten_layers())
        topology.calls |= {id(one): None for one in below_here}
    return [made]


def _expand_graph(
    topology: Topology,
    graph: Any,
    path: str,
    inputs: Sequence[Sequence[int]] | None,
    *,
    asked: bool | None,
) -> list[list[int]]:
    made: dict[tuple[int, int, int], list[int]] = {}
    if inputs is not None:
        given = list(inputs)
        for position, tensor in enumerate(_flat(graph.inputs)):
            made[_origin(tensor)] = list(given[position]) if position < len(given) else []
    for node in _nodes(graph):
        layer = _layer_of(node)
        node_index = next(at for at, one in enumerate(layer._inbound_nodes) if one is node)
        if (id(layer), node_index, 0) in made:
            continue  # an input of a nested model: what feeds it is known
        below = [made.get(_origin(tensor), []) for tensor in _inputs_of(node)]
        wanted = _asked(layer, node)
        outputs = _expand(
            topology, layer, _join(path, layer), below, asked=asked if wanted is None else wanted
        )
        for position, nodes in enumerate(outputs):
            made[(id(layer), node_index, position)] = nodes
    return [_made(made, tensor) for tensor in _flat(graph.outputs)]


def _made(made: dict[tuple[int, int, int], list[int]], tensor: Any) -> list[int]:
    layer, node_index, position = _origin(tensor)
    nodes = made.get((layer, node_index, position))
    return made.get((layer, node_index, 0), []) if nodes is None else nodes


def _nodes(graph: Any) -> Iterator[Any]:
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from graph._nodes_by_depth[depth]


def _layer_of(node: Any) -> Any:
    operation = getattr(node, "operation", None)  # Keras 3; tf_keras says `layer`
    return node.layer if operation is None else operation


def _inputs_of(node: Any) -> list[Any]:
    if hasattr(node, "input_tensors") and hasattr(node, "operation"):
        return [] if node.is_input else list(node.input_tensors)
    return [] if node.is_input else list(node.keras_inputs)


def _origin(tensor: Any) -> tuple[int, int, int]:
    layer, node_index, position = tensor._keras_history[:3]
    return id(layer), int(node_index), int(position)


def _asked(layer: Any, node: Any) -> bool | None:
    arguments = getattr(node, "arguments", None)
    kwargs = getattr(node, "call_kwargs", None) if arguments is None else arguments.kwargs
    value = (kwargs or {}).get("training")
    if not isinstance(value, (bool, int)):
        return None
    parameter = inspect.signature(type(layer).call).parameters.get("training")
    if parameter is not None and parameter.default is value:
        return None  # Keras 3 stores a default as if it had been asked for
    return bool(value)


def _request(topology: Topology, layer: Any, *, asked: bool | None) -> None:
    known = topology.requested.get(id(layer), asked)
    topology.requested[id(layer)] = asked if known == asked else None


def _count_call(topology: Topology, layer: Any) -> None:
    known = topology.calls.get(id(layer), 0)
    topology.calls[id(layer)] = None if known is None else known + 1


def _join(path: str, layer: Any) -> str:
    return f"{path}/{layer.name}" if path else str(layer.name)


def _flat(tensors: Any) -> list[Any]:
    if isinstance(tensors, dict):
        return [part for value in tensors.values() for part in _flat(value)]
    if isinstance(tensors, (list, tuple)):
        return [part for value in tensors for part in _flat(value)]
    return [tensors]
