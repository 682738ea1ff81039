"""The facts of a log with numbers that can be: one that cannot is not known, and the rest stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, TypeVar

from tb_bnplugin.history.bounds import LARGEST_COUNT, LATEST, within
from tb_bnplugin.schema.facts import (
    Call,
    Graph,
    LayerFacts,
    LossFacts,
    MetricFacts,
    ModelFacts,
    Phase,
    Shape,
)

LARGEST_SIZE: Final = 2.0**40
"""Of a dimension: channels, rows, outputs."""

LARGEST_SETTING: Final = 1e6
"""Of a momentum, which may be outside [0, 1] by mistake (BN210), and of an epsilon."""

_Facts = TypeVar("_Facts")


def sound_model(facts: ModelFacts, name: str) -> ModelFacts:
    """The facts of a model, under the name that its records have."""
    weights = _changed(
        facts.weights,
        trainable=within(facts.weights.trainable, 0, LARGEST_COUNT, 0),
        checked_step=within(facts.weights.checked_step, 0, LARGEST_COUNT, None),
    )
    return _changed(
        facts,
        name=name,
        replicas=within(facts.replicas, 1, LARGEST_SIZE, 1),
        process_started=within(facts.process_started, 0.0, LATEST, 0.0),
        layers=_each(facts.layers, _sound_layer),
        graph=_sound_graph(facts.graph, len(facts.layers)),
        weights=weights,
    )


def sound_phase(phase: Phase) -> Phase:
    """A phase whose numbers can be."""
    return _changed(
        phase,
        number=within(phase.number, 0, LARGEST_COUNT, 0),
        step=within(phase.step, 0, LARGEST_COUNT, 0),
        wall_time=within(phase.wall_time, 0.0, LATEST, 0.0),
        process_started=within(phase.process_started, 0.0, LATEST, 0.0),
        losses=_each(phase.losses, _sound_shapes),
        metrics=_each(phase.metrics, _sound_shapes),
        measured_losses=_each(phase.measured_losses, _sound_shapes),
    )


def sound_calls(calls: tuple[Call, ...], layers: int) -> tuple[Call, ...]:
    """The lines of the mode ledger that are of one of so many layers."""
    known = calls
    if not all(0 <= call.layer < layers for call in calls):
        known = tuple(call for call in calls if 0 <= call.layer < layers)
    return _each(known, _sound_call)


def _sound_layer(layer: LayerFacts) -> LayerFacts:
    return _changed(
        layer,
        channels=within(layer.channels, 0, LARGEST_SIZE, None),
        momentum=within(layer.momentum, -LARGEST_SETTING, LARGEST_SETTING, None),
        epsilon=within(layer.epsilon, 0.0, LARGEST_SETTING, None),
        axis=layer.axis if all(abs(axis) <= LARGEST_SIZE for axis in layer.axis) else (),
        start_updates_before=within(layer.start_updates_before, 0.0, LARGEST_COUNT, 0.0),
        virtual_batch=within(layer.virtual_batch, 1, LARGEST_SIZE, None),
    )


def _sound_graph(graph: Graph, layers: int) -> Graph:
    nodes = _each(
        graph.nodes, lambda node: _changed(node, layer=within(node.layer, 0, layers - 1, None))
    )
    count = len(nodes)
    edges = graph.edges
    if not all(0 <= begin < count and 0 <= end < count for begin, end in edges):
        edges = tuple(edge for edge in edges if min(edge) >= 0 and max(edge) < count)
    return _changed(graph, nodes=nodes, edges=edges)


_Described = TypeVar("_Described", LossFacts, MetricFacts)


def _sound_shapes(described: _Described) -> _Described:
    return _changed(
        described,
        label_shape=_sound_shape(described.label_shape),
        prediction_shape=_sound_shape(described.prediction_shape),
    )


def _sound_call(call: Call) -> Call:
    return _changed(
        call,
        first_step=within(call.first_step, 0, LARGEST_COUNT, 0),
        input_shape=_sound_shape(call.input_shape) or (),
    )


def _sound_shape(shape: Shape | None) -> Shape | None:
    if shape is None or all(size is None or 0 <= size <= LARGEST_SIZE for size in shape):
        return shape
    return tuple(None if size is None or not 0 <= size <= LARGEST_SIZE else size for size in shape)


def _each(facts: tuple[_Facts, ...], sound: Any) -> tuple[_Facts, ...]:
    """The facts made sound; the same tuple where all are, so that it is still found in caches."""
    made = tuple(sound(each) for each in facts)
    return facts if all(new is old for new, old in zip(made, facts, strict=True)) else made


def _changed(facts: _Facts, **values: Any) -> _Facts:
    """The facts with other values; the same object where none differs."""
    changed = {name: value for name, value in values.items() if getattr(facts, name) is not value}
    return replace(facts, **changed) if changed else facts  # type: ignore[type-var]
