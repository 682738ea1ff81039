"""A run's records, decoded: the one form that rules, page and command line read.

Nothing here knows TensorBoard, TensorFlow or Keras. A history is built from records
(`schema.Record`), whether they come from an event file or from the process that trains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tb_bnplugin.schema.columns import (
    CHANNEL_ROWS,
    CONTEXTS,
    KERAS_LOSSES,
    MODES,
    PAIRED_ROWS,
    PAIRS_OF,
    RECORD_REASONS,
)
from tb_bnplugin.schema.facts import (
    Call,
    Graph,
    LayerFacts,
    LossFacts,
    MetricFacts,
    ModelFacts,
    Node,
    OptimizerFacts,
    Phase,
    Shape,
)
from tb_bnplugin.schema.places import Line, Statement
from tb_bnplugin.schema.recalibrations import RecalibrationFacts
from tb_bnplugin.schema.thresholds import ALL_PAIRS_APART, ALL_PAIRS_WITHIN
from tb_bnplugin.schema.twin_reports import TwinFacts

# Rules read histories and know nothing of the disk: what they need of its words stands here.
__all__ = [
    "ALL_PAIRS_APART",
    "ALL_PAIRS_WITHIN",
    "CHANNEL_ROWS",
    "CONTEXTS",
    "KERAS_LOSSES",
    "MODES",
    "PAIRED_ROWS",
    "PAIRS_OF",
    "RECORD_REASONS",
    "Call",
    "ChannelHistory",
    "Floats",
    "GradientHistory",
    "Graph",
    "LayerFacts",
    "Line",
    "LossFacts",
    "LossHistory",
    "MetricFacts",
    "ModelFacts",
    "ModelHistory",
    "Node",
    "OptimizerFacts",
    "Phase",
    "ProbeHistory",
    "ProbeLayers",
    "RunHistory",
    "Shape",
    "Statement",
    "Steps",
]

Floats = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LossHistory:
    """Measurements of one loss (`summary.loss_reduction`, or the callback's probe data)."""

    name: str
    facts: LossFacts | None  # newest; None where no phase record says what it is
    steps: Steps  # [records]
    columns: Mapping[str, Floats]  # each [records]; keys of columns.LOSS_COLUMNS


@dataclass(frozen=True, kw_only=True)
class GradientHistory:
    """How the gradient of one loss at the predictions compares with that of Keras' mean."""

    name: str
    steps: Steps  # [records]
    columns: Mapping[str, Floats]  # each [records]; keys of columns.GRADIENT_COLUMNS


@dataclass(frozen=True, kw_only=True)
class ProbeHistory:
    """One held batch, run with moving and with batch statistics."""

    steps: Steps  # [records]
    moving: Mapping[str, Floats]  # each [records]; keys of columns.PROBE_COLUMNS and metrics
    batch: Mapping[str, Floats]
    metrics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProbeLayers:
    """The measurements of each layer by the probes."""

    steps: Steps  # [records]
    columns: Mapping[str, Floats]  # each [records, layers]; keys of columns.PROBE_LAYER_COLUMNS


@dataclass(frozen=True, kw_only=True)
class ChannelHistory:
    """Per-channel vectors, read only for the layer that is looked at."""

    steps: Steps  # [records]
    values: npt.NDArray[np.float32]  # [records, 4, channels]: columns.CHANNEL_ROWS


@dataclass(frozen=True, kw_only=True)
class Recalibrated:
    """A recalibration of the model, and the last step before it."""

    step: int
    facts: RecalibrationFacts


@dataclass(frozen=True, kw_only=True)
class Twinned:
    """A twin of two steps of the model, and the step at which it was made."""

    step: int
    facts: TwinFacts


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of tools that the program gave to the log, in the order of their making."""

    recalibrations: tuple[Recalibrated, ...] = ()
    twins: tuple[Twinned, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ModelHistory:
    """Everything recorded of one model in one run, sorted by step, restarts resolved."""

    run: str
    facts: ModelFacts
    calls: tuple[Call, ...]
    steps: Steps  # [records], strictly ascending
    wall_times: Floats  # [records], seconds
    model_columns: Mapping[str, Floats]  # each [records]; keys of columns.MODEL_COLUMNS
    # each [records, layers], NaN before a layer was known; also what recalibrated.py makes
    layer_columns: Mapping[str, Floats]
    phases: tuple[Phase, ...] = ()  # in the order in which they began
    losses: tuple[LossHistory, ...] = ()
    gradients: tuple[GradientHistory, ...] = ()
    probe: ProbeHistory | None = None
    probe_layers: ProbeLayers | None = None
    epochs: tuple[tuple[int, int], ...] = ()  # (epoch index, global step at its end), ascending
    records_made: int = 0  # by the recorder; len(steps) of them were given
    notes: tuple[str, ...] = ()  # what was skipped and why, one line each

    def layer(self, column: str) -> Floats:
        """Values of one layer column, float64 [records, layers]."""
        known = self.layer_columns.get(column)
        return _not_known(len(self.steps), len(self.facts.layers)) if known is None else known

    def model(self, column: str) -> Floats:
        """Values of one model-wide column, float64 [records]."""
        known = self.model_columns.get(column)
        return _not_known(len(self.steps)) if known is None else known

    @property
    def compiled_losses(self) -> tuple[LossFacts, ...]:
        """The losses that the model is compiled with now."""
        return self.phases[-1].losses if self.phases else ()

    @property
    def metrics(self) -> tuple[MetricFacts, ...]:
        """The metrics that the model is compiled with now."""
        return self.phases[-1].metrics if self.phases else ()

    def of_layer(self, index: int) -> ModelHistory:
        """The same history with one layer alone: what is made of it takes no time for others."""
        one = slice(index, index + 1)
        calls = (replace(call, layer=0) for call in self.calls if call.layer == index)
        return replace(
            self,
            facts=replace(self.facts, layers=self.facts.layers[one]),
            calls=tuple(calls),
            layer_columns={name: column[:, one] for name, column in self.layer_columns.items()},
            probe_layers=None,
        )

    def newest_process(self) -> ModelHistory:
        """The history from the last restart on: counters start anew with each process.

        What was measured between the last record of the one before and the first of this one may
        be of either, and is left out.
        """
        started = self.model("process_started")
        restarts = np.flatnonzero((started[1:] != started[:-1]) & ~np.isnan(started[1:]))
        if not len(restarts):
            return self
        first = int(restarts[-1]) + 1
        begin = int(self.steps[first])
        return replace(
            self,
            losses=_from(self.losses, begin),
            gradients=_from(self.gradients, begin),
            probe=_probe_from(self.probe, begin),
            probe_layers=next(iter(_from(_listed(self.probe_layers), begin)), None),
            steps=self.steps[first:],
            wall_times=self.wall_times[first:],
            model_columns={name: column[first:] for name, column in self.model_columns.items()},
            layer_columns={name: column[first:] for name, column in self.layer_columns.items()},
        )

    def without_layers(self, left_out: npt.NDArray[np.bool_]) -> ModelHistory:
        """The history of the other layers. `left_out`: [layers]."""
        kept = np.flatnonzero(~left_out)
        place = {int(index): at for at, index in enumerate(kept)}
        nodes = (
            replace(node, layer=place.get(-1 if node.layer is None else node.layer))
            for node in self.facts.graph.nodes
        )
        probed = self.probe_layers
        if probed is not None:
            cut = {name: column[:, kept] for name, column in probed.columns.items()}
            probed = replace(probed, columns=cut)
        return replace(
            self,
            facts=replace(
                self.facts,
                layers=tuple(self.facts.layers[index] for index in kept),
                graph=replace(self.facts.graph, nodes=tuple(nodes)),
            ),
            calls=tuple(
                replace(call, layer=place[call.layer]) for call in self.calls if call.layer in place
            ),
            layer_columns={name: column[:, kept] for name, column in self.layer_columns.items()},
            probe_layers=probed,
        )


def _not_known(*shape: int) -> Floats:
    return np.full(shape, np.nan)


def _cut(columns: Mapping[str, Floats], kept: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    return {name: values[kept] for name, values in columns.items()}


_Series = TypeVar("_Series", LossHistory, GradientHistory, ProbeLayers)


def _from(series: tuple[_Series, ...], begin: int) -> tuple[_Series, ...]:
    """Each series from a step on; those without any record left are left out."""
    return tuple(
        replace(each, steps=each.steps[kept], columns=_cut(each.columns, kept))
        for each in series
        if (kept := each.steps >= begin).any()
    )


def _listed(layers: ProbeLayers | None) -> tuple[ProbeLayers, ...]:
    return () if layers is None else (layers,)


def _probe_from(probe: ProbeHistory | None, begin: int) -> ProbeHistory | None:
    """The probes from a step on; None where there are none."""
    if probe is None or not (kept := probe.steps >= begin).any():
        return None
    moving, batch = _cut(probe.moving, kept), _cut(probe.batch, kept)
    return replace(probe, steps=probe.steps[kept], moving=moving, batch=batch)


@dataclass(frozen=True, kw_only=True)
class RunHistory:
    """All models of one run."""

    run: str
    models: tuple[ModelHistory, ...]
    notes: tuple[str, ...] = field(default=())
    results: Mapping[str, Results] = field(default_factory=dict)  # by model
