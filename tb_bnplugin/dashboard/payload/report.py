"""The JSON of the HTTP API (docs/http_api.md): histories and outcomes to plain values.

Every key is written here, in `payload_layer` or in `payload_losses`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from tb_bnplugin.dashboard.payload.losses import loss_rows
from tb_bnplugin.dashboard.payload.modes import encode_runs, modes
from tb_bnplugin.dashboard.payload.values import draw
from tb_bnplugin.dashboard.placement import PlacedSeries
from tb_bnplugin.diagnose import Outcome, explain_all
from tb_bnplugin.diagnose.examples import Example
from tb_bnplugin.history.model import Floats, ModelHistory, ProbeHistory, RunHistory
from tb_bnplugin.schema.columns import EXECUTION_COLUMNS, PROBE_COLUMNS
from tb_bnplugin.schema.facts import LayerFacts, MetricFacts

Json = dict[str, Any]

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class HeatmapColumn:
    """A layer column that can be drawn as layers by steps."""

    name: str  # of tables.LAYER_COLUMNS
    title: str
    scale: Literal["linear", "log"]
    unit: str


HEATMAP_COLUMNS: Final = (
    HeatmapColumn(name="mean_gap", title="Mean gap", scale="linear", unit="batch std"),
    HeatmapColumn(name="variance_gap", title="Variance gap", scale="linear", unit="|ln ratio|"),
    HeatmapColumn(name="moving_mean", title="Moving mean", scale="linear", unit=""),
    HeatmapColumn(name="moving_variance", title="Moving variance", scale="log", unit=""),
    HeatmapColumn(name="batch_mean", title="Batch mean", scale="linear", unit=""),
    HeatmapColumn(name="batch_variance", title="Batch variance", scale="log", unit=""),
    HeatmapColumn(name="variance_min", title="Smallest variance", scale="log", unit=""),
    HeatmapColumn(name="start_updates", title="Start counts until", scale="log", unit="updates"),
)


def runs(entries: Iterable[tuple[str, Sequence[str], Sequence[Outcome] | None]]) -> Json:
    """`Runs`: of each run the models, and the outcomes where they are known."""
    return {
        "schema_version": SCHEMA_VERSION,
        "runs": [
            {
                "run": run,
                "models": list(models),
                "errors": _count(outcomes, "error"),
                "warnings": _count(outcomes, "warning"),
            }
            for run, models, outcomes in entries
        ],
    }


def report(run: RunHistory, history: ModelHistory, outcomes: Sequence[Outcome]) -> Json:
    """`Report`: everything the page needs for its first paint."""
    facts = history.facts
    offered = heatmap_columns(history)
    layer_modes = modes(history)
    executions = {name: history.layer(name) for name in EXECUTION_COLUMNS}
    trainable = history.layer("trainable")
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run.run,
        "model": facts.name,
        "models": [model.facts.name for model in run.models],
        "keras": facts.keras,
        "model_class": facts.model_class,
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
                trainable=_newest_flag(trainable[:, index]),
            )
            for index, layer in enumerate(facts.layers)
        ],
        "outcomes": [outcome(entry) for entry in sorted(outcomes, key=_rank)],
        "columns": [_column_name(entry) for entry in offered],
        "column": column(history, offered[0]),
        "losses": loss_rows(history),
        "metrics": [_metric_row(metric, history.phases[-1].number) for metric in history.metrics],
        "probe": None if history.probe is None else _probe(history.probe),
        "graph": {
            "nodes": [
                {"path": node.path, "layer_class": node.layer_class, "layer": node.layer}
                for node in facts.nodes
            ],
            "edges": [list(edge) for edge in facts.edges],
        },
    }


def heatmap_columns(history: ModelHistory) -> tuple[HeatmapColumn, ...]:
    """The columns that hold a value at all; every one where none does."""
    filled = tuple(
        entry for entry in HEATMAP_COLUMNS if np.isfinite(history.layer(entry.name)).any()
    )
    return filled or HEATMAP_COLUMNS


def column(history: ModelHistory, entry: HeatmapColumn) -> Json:
    """`Column`: one heatmap column, layers by steps."""
    return {**_column_name(entry), "values": draw(history.layer(entry.name).T)}


def scalars(series: Iterable[PlacedSeries]) -> Json:
    """`Scalars`: standard scalars on the train step axis."""
    return {
        "series": [
            {
                "run": entry.run,
                "tag": entry.tag,
                "kind": entry.kind,
                "validation": entry.validation,
                "placed": entry.placed,
                "points": [
                    [step, value]
                    for step, value in zip(
                        np.round(entry.steps, 2).tolist(), draw(entry.values), strict=True
                    )
                ],
            }
            for entry in series
        ]
    }


def comparison(run: str, other: str, outcomes: Sequence[Outcome]) -> Json:
    """`Comparison`: outcomes of the CR rules for two runs."""
    return {
        "run": run,
        "other": other,
        "outcomes": [outcome(entry) for entry in sorted(outcomes, key=_rank)],
    }


def rules() -> Json:
    """`Rules`: documentation of every rule."""
    return {
        "rules": [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity,
                "summary": rule.summary,
                "sections": [
                    {"title": section.title, "text": section.text} for section in rule.sections
                ],
                "examples_note": rule.examples.note,
                "examples": [_example(example) for example in rule.examples.programs],
            }
            for rule in explain_all()
        ]
    }


def _example(example: Example) -> Json:
    return {
        "title": example.title,
        "fault": example.fault,
        "cure": example.cure,
        "lines": [{"mark": line.mark, "text": line.text} for line in example.lines],
    }


def outcome(entry: Outcome) -> Json:
    """`Outcome`: as the command line prints it, with the rule's documentation beside it."""
    why, fine_when = _documentation().get(entry.code, ("", ""))
    return {**entry.to_json(), "why": why, "fine_when": fine_when}


@functools.cache
def _documentation() -> Mapping[str, tuple[str, str]]:
    return {
        rule.code: (rule.section("Why it matters"), rule.section("When it is fine"))
        for rule in explain_all()
    }


def _rank(entry: Outcome) -> tuple[int, int]:
    """Findings first, by severity; then expected, ok, not checked and crashed."""
    severity = ("error", "warning", "info").index(entry.severity)
    if entry.status == "finding":
        return (1 if entry.expected else 0, severity)
    return (("ok", "not_checked", "crashed").index(entry.status) + 2, 0)


def _count(outcomes: Sequence[Outcome] | None, severity: str) -> int | None:
    if outcomes is None:
        return None
    return sum(
        entry.status == "finding" and entry.severity == severity and not entry.expected
        for entry in outcomes
    )


def _layer_row(
    facts: LayerFacts,
    *,
    encoded_modes: list[int],
    executions: dict[str, int],
    trainable: bool | None,
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
        "trainable": trainable,
        "modes": encoded_modes,
        "executions": executions,
    }


def _newest_counts(executions: Mapping[str, Floats], index: int) -> dict[str, int]:
    return {
        name: int(counts[-1, index])
        for name, counts in executions.items()
        if len(counts) and counts[-1, index] > 0
    }


def _newest_flag(values: npt.NDArray[np.float64]) -> bool | None:
    known = values[np.isfinite(values)]
    return bool(known[-1]) if len(known) else None


def _column_name(entry: HeatmapColumn) -> Json:
    return {
        "name": entry.name,
        "title": entry.title,
        "scale": entry.scale,
        "unit": entry.unit,
    }


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
    drawn = [name for name in (*PROBE_COLUMNS, *probe.metrics) if name not in ("scale", "batch")]
    return {
        "steps": probe.steps.tolist(),
        "series": [
            {"name": name, "moving": draw(probe.moving[name]), "batch": draw(probe.batch[name])}
            for name in drawn
            if np.isfinite(probe.moving[name]).any() or np.isfinite(probe.batch[name]).any()
        ],
    }
