"""What was recorded, decoded: the one form that rules, page and command line read.

Nothing here knows TensorBoard, TensorFlow or Keras. A history is built by
`history_builder` from records, whether they come from an event file or from the process that trains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class LayerFacts:
    """Static facts of one batch normalization layer."""

    path: str  # unique within the model, as Keras names it: "base/block_1/bn"
    layer_class: str  # "BatchNormalization"
    channels: int | None  # None: not built yet
    momentum: float | None
    epsilon: float | None
    axis: tuple[int, ...]
    dtype: str | None  # of the moving statistics
    synchronized: bool  # across replicas
    start: str  # "initializer", "loaded" (differs from the initializer), or "unbuilt"
    start_updates_before: float  # training executions counted before the start was (re)taken
    requested: bool | None  # `training` asked for by the functional graph; None: nothing known
    keras_layer: bool  # False: a foreign class that only looks like batch normalization
    has_gamma: bool
    has_beta: bool


@dataclass(frozen=True, kw_only=True)
class Call:
    """One way a layer is called, as the trace knows it: a line of the mode ledger."""

    layer: int  # index into ModelHistory.facts.layers
    mode: str  # "training", "inference" or "dynamic" (a tensor decides)
    context: str  # one of tables.CONTEXTS
    asked: str  # "true", "false", "none", "tensor": the value `call` was given
    reason: str  # "explicit", "graph", "inherited", "default", "sibling", "unknown"
    source: str  # where it comes from: path of the layer that holds the value, or ""
    trainable: bool  # of the layer when traced
    function: str  # name of the traced function, "" when run eagerly
    jit: bool  # compiled by XLA
    input_shape: tuple[int | None, ...]
    first_step: int  # step at which this way was first seen


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of training between two fits, compiles or new callbacks."""

    step: int  # first train step of the phase
    wall_time: float  # seconds
    reason: str  # "fit", "compile", "watch"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One layer of the model, batch normalization or not, for the model map."""

    path: str
    layer_class: str
    layer: int | None  # index into ModelFacts.layers when it is batch normalization


@dataclass(frozen=True, kw_only=True)
class LossFacts:
    """A compiled loss as the traced loss saw it."""

    name: str
    loss_class: str  # "MeanSquaredError", or the qualified name of a function
    reduction: str | None  # None for a plain function
    label_shape: tuple[int | None, ...] | None
    prediction_shape: tuple[int | None, ...] | None
    label_dtype: str | None
    prediction_dtype: str | None
    weighted: bool  # a sample weight was given
    phase: int  # 1-based, the phase it was compiled in


@dataclass(frozen=True, kw_only=True)
class MetricFacts:
    """A compiled metric, and what its name became."""

    name: str
    asked: str  # as given to compile: "accuracy", or a class name
    metric_class: str  # what Keras made of it: "SparseCategoricalAccuracy", or a function's name
    label_shape: tuple[int | None, ...] | None
    prediction_shape: tuple[int | None, ...] | None
    phase: int
    label_dtype: str | None = None
    prediction_dtype: str | None = None


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """The newest static facts of one model."""

    name: str
    model_class: str
    keras: str  # "keras 3.15.1" or "tf_keras 2.21.0"
    tensorflow: str
    replicas: int
    optimizer: str | None  # class name
    subclassed: bool  # neither Sequential nor Functional
    call_accepts_training: bool | None  # does the root model's `call` have `training`
    trained_by: str  # "fit" or "loop"
    expect: tuple[str, ...]  # rule codes that are meant here
    layers: tuple[LayerFacts, ...]
    phases: tuple[Phase, ...]
    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]  # pairs of indices into nodes
    losses: tuple[LossFacts, ...]
    metrics: tuple[MetricFacts, ...]

    @property
    def keras_3(self) -> bool:
        """Whether the recording Keras is version 3 (not tf_keras)."""
        return self.keras.startswith("keras 3")


@dataclass(frozen=True, kw_only=True)
class LossHistory:
    """Measurements of one loss (`summary.loss_reduction`, or the callback's probe data)."""

    name: str
    static: Mapping[str, Any]  # class, reduction, keras_class, label_shape, prediction_shape, dtypes
    steps: Steps  # [records]
    columns: Mapping[str, Floats]  # each [records]; keys of tables.LOSS_COLUMNS


@dataclass(frozen=True, kw_only=True)
class ProbeHistory:
    """One held batch, run with moving and with batch statistics."""

    steps: Steps  # [records]
    moving: Mapping[str, Floats]  # each [records]; keys of tables.PROBE_COLUMNS and metrics
    batch: Mapping[str, Floats]
    metrics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelHistory:
    """Per-channel vectors, read only for the layer that is looked at."""

    steps: Steps  # [records]
    values: npt.NDArray[np.float32]  # [records, 4, channels]: tables.CHANNEL_ROWS


@dataclass(frozen=True, kw_only=True)
class ModelHistory:
    """Everything recorded of one model in one run, sorted by step, restarts resolved."""

    run: str
    facts: ModelFacts
    calls: tuple[Call, ...]
    steps: Steps  # [records], strictly ascending
    wall_times: Floats  # [records], seconds
    model_columns: Mapping[str, Floats]  # each [records]; keys of tables.MODEL_COLUMNS
    layer_columns: Mapping[str, Floats]  # each [records, layers], NaN before a layer was known
    losses: tuple[LossHistory, ...] = ()
    probe: ProbeHistory | None = None
    epochs: tuple[tuple[int, int], ...] = ()  # (epoch index, global step at its end), ascending
    records_made: int = 0  # by the recorder; len(steps) of them were given
    notes: tuple[str, ...] = ()  # what was skipped and why, one line each

    def layer(self, column: str) -> Floats:
        """Values of one layer column, float64 [records, layers]."""
        missing = np.full((len(self.steps), len(self.facts.layers)), np.nan)
        return self.layer_columns.get(column, missing)

    def model(self, column: str) -> Floats:
        """Values of one model-wide column, float64 [records]."""
        return self.model_columns.get(column, np.full(len(self.steps), np.nan))


@dataclass(frozen=True, kw_only=True)
class RunHistory:
    """All models of one run."""

    run: str
    models: tuple[ModelHistory, ...]
    notes: tuple[str, ...] = field(default=())
