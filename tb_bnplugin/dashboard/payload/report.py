"""The JSON of a report: everything the page needs for its first paint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from tb_bnplugin.dashboard.kinds import kind_of
from tb_bnplugin.dashboard.payload.columns import column, column_name, heatmap_columns
from tb_bnplugin.dashboard.payload.curve import measured_row
from tb_bnplugin.dashboard.payload.gradients import applied_row
from tb_bnplugin.dashboard.payload.losses import loss_rows
from tb_bnplugin.dashboard.payload.modes import EXECUTIONS, encode_runs, modes
from tb_bnplugin.dashboard.payload.outcomes import outcomes as outcome_rows
from tb_bnplugin.dashboard.payload.recalibrations import recalibrations
from tb_bnplugin.dashboard.payload.twins import twins
from tb_bnplugin.dashboard.payload.values import SCHEMA_VERSION, Json, draw
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.history.model import (
    Floats,
    LayerFacts,
    MetricFacts,
    ModelHistory,
    ProbeHistory,
    Results,
    RunHistory,
)

_NOT_DRAWN: Final = ("scale", "batch")
"""Columns of a probe that are the same at each record: what its spread compares to, its rows."""


def report(run: RunHistory, history: ModelHistory, outcomes: Sequence[Outcome]) -> Json:
    """`Report`: everything the page needs for its first paint."""
    facts = history.facts
    offered = heatmap_columns(history)
    layer_modes = modes(history)
    executions = {name: history.layer(name) for name in EXECUTIONS}
    trainable = history.layer("trainable")
    results = run.results.get(facts.name, Results())
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run.run,
        "model": facts.name,
        "models": [model.facts.name for model in run.models],
        "keras": facts.keras,
        "model_class": facts.code.model_class,
        "replicas": facts.replicas,
        "optimizer": facts.optimizer,
        "notes": [*run.notes, *history.notes],
        "records": {"given": len(history.steps), "made": history.records_made},
        "steps": history.steps.tolist(),
        "wall_times": history.wall_times.tolist(),
        "phases": [{"step": phase.step, "reason": phase.reason} for phase in history.phases],
        "epochs": [{"epoch": epoch, "step": step} for epoch, step in history.epochs],
        "layers": [
            _layer_row(
                layer,
                encoded_modes=encode_runs(layer_modes[:, index]),
                executions=_newest_counts(executions, index),
                trainable_in_record=_newest_flag(trainable[:, index]),
            )
            for index, layer in enumerate(facts.layers)
        ],
        "outcomes": outcome_rows(outcomes),
        "columns": [column_name(entry) for entry in offered],
        "column": column(history, offered[0]),
        "losses": loss_rows(history),
        "applied": applied_row(history),
        "metrics": [_metric_row(metric, history.phases[-1].number) for metric in history.metrics],
        "probe": None if history.probe is None else _probe(history.probe),
        "measured_loss": measured_row(history),
        "twins": twins(results.twins),
        "recalibrations": recalibrations(results.recalibrations),
        "graph": {
            "nodes": [
                {"path": node.path, "layer_class": node.layer_class, "layer": node.layer}
                for node in facts.graph.nodes
            ],
            "edges": [list(edge) for edge in facts.graph.edges],
        },
    }


def _layer_row(
    facts: LayerFacts,
    *,
    encoded_modes: list[int],
    executions: dict[str, int],
    trainable_in_record: bool | None,
) -> Json:
    return {
        "path": facts.path,
        "layer_class": facts.layer_class,
        "channels": facts.channels,
        "momentum": facts.momentum,
        "epsilon": facts.epsilon,
        "axis": list(facts.axis),
        "dtype": facts.dtype,
        "synchronized": facts.synchronized,
        "start": facts.start,
        "trainable_in_record": trainable_in_record,
        "modes": encoded_modes,
        "executions": executions,
    }


def _newest_counts(executions: Mapping[str, Floats], index: int) -> dict[str, int]:
    return {
        name: int(counts[-1, index])
        for name, counts in executions.items()
        if len(counts) and counts[-1, index] > 0
    }


def _newest_flag(values: Floats) -> bool | None:
    known = values[np.isfinite(values)]
    return bool(known[-1]) if len(known) else None


def _metric_row(metric: MetricFacts, phase: int) -> Json:
    return {
        "name": metric.name,
        "compiled_as": metric.compiled_as,
        "metric_class": metric.metric_class,
        "label_shape": None if metric.label_shape is None else list(metric.label_shape),
        "prediction_shape": (
            None if metric.prediction_shape is None else list(metric.prediction_shape)
        ),
        "phase": phase,
    }


def _probe(probe: ProbeHistory) -> Json:
    return {
        "steps": probe.steps.tolist(),
        "series": [
            {
                "name": name,
                "kind": kind_of(name),
                "moving": draw(moving),
                "batch": draw(probe.batch[name]),
            }
            for name, moving in probe.moving.items()
            if name not in _NOT_DRAWN
            and (np.isfinite(moving).any() or np.isfinite(probe.batch[name]).any())
        ],
    }
