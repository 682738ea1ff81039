"""The documents of a log as facts whose numbers can be: one that cannot be is not known.

What was made of a document is kept, since while a model trains the same ones are read again and
again; but not that of large ones, which would stay in memory.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from tb_bnplugin.history.bounds import LARGEST, LARGEST_COUNT, LATEST, within
from tb_bnplugin.schema.columns import EXECUTION_COLUMNS
from tb_bnplugin.schema.facts import (
    Call,
    Graph,
    LayerFacts,
    LossFacts,
    MetricFacts,
    ModelFacts,
    OptimizerFacts,
    Phase,
    Shape,
)
from tb_bnplugin.schema.facts_json import parse_calls, parse_model, parse_phase
from tb_bnplugin.schema.recalibrations import (
    MovedLayer,
    RecalibrationFacts,
    ScoreFacts,
    parse_recalibration,
)
from tb_bnplugin.schema.twin_reports import TwinFacts, TwinStage, parse_twin

LARGEST_SIZE: Final = 2.0**40
"""Of a dimension: channels, rows, outputs."""

LARGEST_SETTING: Final = 1e6
"""Of a momentum, which may be outside [0, 1] by mistake (BN210), and of an epsilon."""

MOST_NAMED: Final = 100
"""Layers that a recalibration names, differences of a twin: a log with more is not ours."""

_Facts = TypeVar("_Facts")


def _kept(documents: int, size: int) -> Callable[[Callable[[bytes], _Facts]], Any]:
    """Keep what was read of the newest documents, of those up to a size."""

    def decorate(read: Callable[[bytes], _Facts]) -> Callable[[bytes], _Facts]:
        kept = functools.lru_cache(maxsize=documents)(read)

        @functools.wraps(read)
        def read_once(document: bytes) -> _Facts:
            return kept(document) if len(document) <= size else read(document)

        return read_once

    return decorate


@_kept(32, 2**20)
def read_model(document: bytes) -> ModelFacts:
    """The facts in a `batch_norm/model` record; raises `FactsError`."""
    facts = parse_model(document)
    weights = _changed(
        facts.weights,
        trainable=within(facts.weights.trainable, 0, LARGEST_COUNT, 0),
        checked_step=within(facts.weights.checked_step, 0, LARGEST_COUNT, None),
    )
    return _changed(
        facts,
        replicas=within(facts.replicas, 1, LARGEST_SIZE, 1),
        process_started=within(facts.process_started, 0.0, LATEST, 0.0),
        layers=_each(facts.layers, _sound_layer),
        optimizers=_each(facts.optimizers, _sound_optimizer),
        graph=_sound_graph(facts.graph, len(facts.layers)),
        weights=weights,
    )


@_kept(1024, 2**14)
def read_phase(document: bytes) -> Phase:
    """The phase in a `batch_norm/phase` record; raises `FactsError`."""
    phase = parse_phase(document)
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


@_kept(32, 2**20)
def read_calls(document: bytes) -> tuple[Call, ...]:
    """The mode ledger in a `batch_norm/calls` record; raises `FactsError`."""
    return _each(parse_calls(document), _sound_call)


@_kept(32, 2**16)
def read_recalibration(document: bytes) -> RecalibrationFacts:
    """The facts in a `batch_norm/recalibration` record; raises `FactsError`."""
    facts = parse_recalibration(document)
    return _changed(
        facts,
        batches=within(facts.batches, 0, LARGEST_COUNT, 0),
        rows=within(facts.rows, 0, LARGEST_COUNT, 0),
        passes=within(facts.passes, 0, LARGEST_COUNT, 0),
        before=_sound_score(facts.before),
        after=_sound_score(facts.after),
        batch=_sound_score(facts.batch),
        moved=within(facts.moved, 0, LARGEST_COUNT, 0),
        layers=_each(facts.layers[:MOST_NAMED], _sound_moved),
        kept=within(facts.kept, 0, LARGEST_COUNT, 0),
        left=facts.left[:MOST_NAMED],
    )


@_kept(32, 2**16)
def read_twin(document: bytes) -> TwinFacts:
    """The facts in a `batch_norm/twin` record; raises `FactsError`."""
    facts = parse_twin(document)
    return _changed(
        facts,
        stages=_each(facts.stages[:MOST_NAMED], _sound_stage),
        differences=facts.differences[:MOST_NAMED],
        notes=facts.notes[:MOST_NAMED],
    )


def _sound_stage(stage: TwinStage) -> TwinStage:
    return _changed(stage, found=within(stage.found, 0, LARGEST_COUNT, 1))


def _sound_score(score: ScoreFacts) -> ScoreFacts:
    return _changed(
        score,
        loss=within(score.loss, -LARGEST, LARGEST, None),
        accuracy=within(score.accuracy, 0.0, 1.0, None),
        distance=within(score.distance, 0.0, LARGEST, None),
    )


def _sound_moved(layer: MovedLayer) -> MovedLayer:
    return _changed(
        layer,
        mean_off=within(layer.mean_off, 0.0, LARGEST, None),
        variance_factor=within(layer.variance_factor, 0.0, LARGEST, None),
    )


def _sound_layer(layer: LayerFacts) -> LayerFacts:
    return _changed(
        layer,
        channels=within(layer.channels, 0, LARGEST_SIZE, None),
        momentum=within(layer.momentum, -LARGEST_SETTING, LARGEST_SETTING, None),
        epsilon=within(layer.epsilon, 0.0, LARGEST_SETTING, None),
        axis=layer.axis if all(abs(axis) <= LARGEST_SIZE for axis in layer.axis) else (),
        start_updates_before=within(layer.start_updates_before, 0.0, LARGEST_COUNT, 0.0),
        virtual_batch=within(layer.virtual_batch, 1, LARGEST_SIZE, None),
        sharing=_changed(
            layer.sharing,
            calls_a_pass=within(layer.sharing.calls_a_pass, 0, LARGEST_COUNT, None),
            ran_before=_counts(layer.sharing.ran_before),
        ),
    )


def _counts(counts: tuple[float, ...]) -> tuple[float, ...]:
    """Executions by column; () unless all of them can be."""
    possible = all(0.0 <= each <= LARGEST_COUNT for each in counts)
    return counts if possible and len(counts) == len(EXECUTION_COLUMNS) else ()


def _sound_optimizer(optimizer: OptimizerFacts) -> OptimizerFacts:
    return _changed(
        optimizer,
        clipnorm=within(optimizer.clipnorm, 0.0, LARGEST, None),
        clipvalue=within(optimizer.clipvalue, 0.0, LARGEST, None),
        global_clipnorm=within(optimizer.global_clipnorm, 0.0, LARGEST, None),
        gradient_accumulation_steps=within(
            optimizer.gradient_accumulation_steps, 1, LARGEST_COUNT, None
        ),
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
