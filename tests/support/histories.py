"""Makes histories for tests: a healthy training by `fit`, and what a test changes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from tb_bnplugin.history.model import (
    GradientHistory,
    LossHistory,
    ModelHistory,
    ProbeHistory,
    ProbeLayers,
)
from tb_bnplugin.schema.columns import (
    EVENT_COLUMNS,
    GRADIENT_COLUMNS,
    LAYER_COLUMNS,
    LOSS_COLUMNS,
    MODEL_COLUMNS,
    PROBE_LAYER_COLUMNS,
)
from tb_bnplugin.schema.facts import (
    Call,
    GammaBeta,
    Graph,
    LayerFacts,
    LossFacts,
    MetricFacts,
    ModelCode,
    ModelFacts,
    OptimizerFacts,
    Phase,
)

FIFTY_STEPS = range(1, 51)

LAYER = LayerFacts(
    path="bn",
    layer_class="BatchNormalization",
    channels=8,
    momentum=0.99,
    epsilon=0.001,
    axis=(-1,),
    dtype="float32",
    synchronized=False,
    start="initializer",
    start_updates_before=0.0,
    requested=None,
    keras_layer=True,
    gamma_beta=GammaBeta(gamma=True, beta=True),
)

FACTS = ModelFacts(
    name="model",
    code=ModelCode(
        model_class="Functional",
        subclassed=False,
        call_accepts_training=True,
        own_train_step=False,
    ),
    keras="keras 3.15.1",
    tensorflow="2.21.0",
    replicas=1,
    trained_by="fit",
    expect=(),
    layers=(LAYER,),
    graph=Graph(),
    optimizers=(OptimizerFacts(optimizer_class="SGD", keras_class="SGD", known_from="compile"),),
)

PHASE = Phase(number=1, step=1, wall_time=1000.0, reason="fit")

CALL = Call(
    layer=0,
    mode="inference",
    context="tape",
    training_argument="none",
    reason="default",
    source="",
    trainable=True,
    function="train_step",
    jit=False,
    input_shape=(None, 8),
    first_step=1,
)

METRIC = MetricFacts(
    name="accuracy",
    compiled_as="accuracy",
    metric_class="SparseCategoricalAccuracy",
    label_shape=(None,),
    prediction_shape=(None, 10),
)


LOSS_FACTS = LossFacts(
    name="loss",
    loss_class="MeanSquaredError",
    reduction="sum_over_batch_size",
    label_shape=(None, 10),
    prediction_shape=(None, 10),
    label_dtype="float32",
    prediction_dtype="float32",
    weighted=False,
    keras_class="MeanSquaredError",
    taken_from="arguments",
)


_PARTS = {
    "model_class": ("code", "model_class"),
    "subclassed": ("code", "subclassed"),
    "call_accepts_training": ("code", "call_accepts_training"),
    "has_call": ("code", "has_call"),
    "own_train_step": ("code", "own_train_step"),
    "statements": ("code", "statements"),
    "nodes": ("graph", "nodes"),
    "edges": ("graph", "edges"),
    "untracked": ("graph", "untracked"),
    "trainable_weights": ("weights", "trainable"),
    "unchanged_weights": ("weights", "unchanged"),
    "weights_checked_step": ("weights", "checked_step"),
    "has_gamma": ("gamma_beta", "gamma"),
    "calls_a_pass": ("sharing", "calls_a_pass"),
    "first_in": ("sharing", "first_in"),
    "has_beta": ("gamma_beta", "beta"),
    "gamma_beta_start": ("gamma_beta", "start"),
}
"""What a test may name without its part: the part of the facts, and the field of that part."""

_Facts = TypeVar("_Facts", ModelFacts, LayerFacts)


def _changed(facts: _Facts, values: Mapping[str, Any]) -> _Facts:
    """The facts with other values, of their own fields or of those of their parts."""
    whole = {name: value for name, value in values.items() if name not in _PARTS}
    for name in values.keys() & _PARTS.keys():
        part, field = _PARTS[name]
        whole[part] = replace(whole.get(part, getattr(facts, part)), **{field: values[name]})
    return replace(facts, **whole)


def _optimizers(named: str | None) -> tuple[OptimizerFacts, ...]:
    """One of Keras' optimizers of this class; None: not known."""
    if named is None:
        return ()
    return (OptimizerFacts(optimizer_class=named, keras_class=named, known_from="found"),)


def create_history(
    *,
    steps: Sequence[int] = FIFTY_STEPS,
    layers: int = 3,
    columns: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    layer_facts: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    calls: Sequence[Call] = (),
    losses: Sequence[LossHistory] = (),
    probe: ProbeHistory | None = None,
    probe_layers: ProbeLayers | None = None,
    run: str = "train",
) -> ModelHistory:
    """A history of `layers` alike layers that train properly in every step.

    `facts` and `layer_facts` may name what lies within a part of them ("subclassed" of the code,
    "has_gamma"), and an "optimizer" by its class. `facts` may hold "phases" too, and "losses" and
    "metrics" as the newest of them is compiled.
    `columns` and `model` replace columns, by anything that broadcasts to [records, layers] and
    [records]; a value of one number a record goes to all layers.
    """
    records = len(steps)
    every = np.array(steps, np.float64)
    layer_columns = {name: np.zeros(records) for name in LAYER_COLUMNS}
    layer_columns |= {
        "training_tape": every,
        "statistics_changes": every,
        "statistics_first_step": np.ones(records),
        "statistics_last_step": every,
        "gamma_beta_changes": every,
        "training_first_step": np.ones(records),
        "training_last_step": every,
        "inference_first_step": np.full(records, np.nan),
        "inference_last_step": np.full(records, np.nan),
        "moving_variance": np.full(records, 0.5),
        "batch_variance": np.full(records, 0.5),
        "variance_min": np.full(records, 0.25),
        "invalid_first_step": np.full(records, np.nan),
        "start_updates": np.full(records, 1.0),
        "trainable": np.ones(records),
    }
    layer_columns |= {
        name: np.full(records, np.nan if name.endswith("_step") else 0.0) for name in EVENT_COLUMNS
    }
    layer_columns["trainable_as_set"] = np.ones(records)
    model_columns = {name: np.zeros(records) for name in MODEL_COLUMNS}
    model_columns |= {
        "process_started": np.full(records, 1000.0),
        "record": np.arange(1.0, records + 1),
        "iterations": every,
        "learning_rate": np.full(records, 0.01),
        "weight_changes": every,
        "batch_frequent": np.full(records, 32.0),
        "weights_finite": np.ones(records),
    }
    layer_columns |= {name: np.asarray(value, float) for name, value in (columns or {}).items()}
    model_columns |= {name: np.asarray(value, float) for name, value in (model or {}).items()}
    layer = _changed(LAYER, layer_facts or {})
    rows = tuple(replace(layer, path=f"bn_{index}") for index in range(layers))
    given = {"layers": rows, **(facts or {})}
    if "optimizer" in given:
        given["optimizers"] = _optimizers(given.pop("optimizer"))
    newest = {name: given.pop(name) for name in ("losses", "metrics") if name in given}
    *before, last = given.pop("phases", (PHASE,)) or (PHASE,)
    return ModelHistory(
        run=run,
        facts=_changed(FACTS, given),
        phases=(*before, replace(last, **newest)),
        calls=tuple(calls),
        steps=np.array(steps, np.int64),
        wall_times=1000.0 + every,
        model_columns={
            name: np.broadcast_to(value, (records,)) for name, value in model_columns.items()
        },
        layer_columns={
            name: np.broadcast_to(value[:, None] if value.ndim == 1 else value, (records, layers))
            for name, value in layer_columns.items()
        },
        losses=tuple(losses),
        probe=probe,
        probe_layers=probe_layers,
        records_made=records,
    )


def inference_columns(steps: Sequence[int] = FIFTY_STEPS) -> dict[str, Any]:
    """Columns of layers that run in inference mode under the tape while gamma and beta learn."""
    return {
        "training_tape": 0.0,
        "inference_tape": steps,
        "statistics_changes": 0.0,
        "statistics_first_step": np.nan,
        "statistics_last_step": np.nan,
        "training_first_step": np.nan,
        "training_last_step": np.nan,
        "inference_first_step": 1.0,
        "inference_last_step": steps,
        "start_updates": np.nan,
    }


def create_loss(
    name: str = "loss",
    *,
    steps: Sequence[int] = (1, 2, 3),
    static: Mapping[str, Any] | None = None,
    columns: Mapping[str, Any] | None = None,
    **measured: Any,
) -> LossHistory:
    """A mean squared error of 32 rows and 10 outputs, measured as Keras' mean has it."""
    values = dict.fromkeys(LOSS_COLUMNS, np.nan) | {
        "elements": 1.0,
        "measured": 0.5,
        "doubled": 0.5,
        "permuted": 0.75,
        "keras_mean": 0.5,
        "batch": 32.0,
        "outputs": 10.0,
        "label_rank": 2.0,
        "prediction_rank": 2.0,
        "label_elements": 320.0,
        "prediction_elements": 320.0,
        "broadcast_elements": 320.0,
        "replicas": 1.0,
        "learning_rate": 0.01,
        "labels_alike": 0.0,
    }
    return LossHistory(
        name=name,
        facts=replace(LOSS_FACTS, name=name, **(static or {})),
        steps=np.array(steps, np.int64),
        columns={
            column: np.broadcast_to(np.asarray(value, np.float64), (len(steps),))
            for column, value in {**values, **(columns or {}), **measured}.items()
        },
    )


def create_gradient(
    name: str = "loss", *, at: Sequence[int] = (1, 2, 3), **columns: Any
) -> GradientHistory:
    """What was measured of one gradient, at these steps.

    `columns` by anything that broadcasts to [records]; all others are NaN.
    """
    values = dict.fromkeys(GRADIENT_COLUMNS, np.nan) | columns
    return GradientHistory(
        name=name,
        steps=np.array(at, np.int64),
        columns={
            column: np.broadcast_to(np.asarray(value, np.float64), (len(at),))
            for column, value in values.items()
        },
    )


def create_probe(
    moving_spread: float = 0.5,
    batch_spread: float = 0.5,
    *,
    steps: Sequence[int] = (25, 50),
    rows: float = 64,
    accuracy: tuple[float, float] = (0.1, 0.1),
    loss: tuple[float, float] = (2.3, 2.3),
) -> ProbeHistory:
    """A probe of outputs of size 1; accuracy and loss with moving and with batch statistics."""

    def columns(spread: float, row: int) -> dict[str, Any]:
        return {
            "loss": np.full(len(steps), loss[row]),
            "accuracy": np.full(len(steps), accuracy[row]),
            "spread": np.full(len(steps), spread),
            "scale": np.ones(len(steps)),
            "batch": np.full(len(steps), float(rows)),
        }

    return ProbeHistory(
        steps=np.array(steps, np.int64),
        moving=columns(moving_spread, 0),
        batch=columns(batch_spread, 1),
        metrics=(),
    )


def create_probe_layers(
    *, steps: Sequence[int] = (25, 50), layers: int = 3, **columns: Any
) -> ProbeLayers:
    """What the probes measured of layers whose statistics fit.

    `columns` replace columns, by anything that broadcasts to [probes, layers].
    """
    values = dict.fromkeys(PROBE_LAYER_COLUMNS, 0.0) | {
        "batch_variance": 0.5,
        "mean_gap_error": 0.05,
        "variance_gap_error": 0.1,
        "calls": 1.0,
        "swapped_gap": 1.0,
        # Nothing is attributed where there is no gap.
        "gap_share": np.nan,
        "gap_share_layers": np.nan,
        "own_mean_gap": np.nan,
        "own_variance_shift": np.nan,
        **columns,
    }
    return ProbeLayers(
        steps=np.array(steps, np.int64),
        columns={
            name: np.broadcast_to(np.asarray(value, np.float64), (len(steps), layers))
            for name, value in values.items()
        },
    )


def take_records(history: ModelHistory, indices: Sequence[int]) -> ModelHistory:
    """The history with some of its records only, as a log sampled by TensorBoard holds them."""
    kept = np.array(sorted(indices), np.int64)
    return replace(
        history,
        steps=history.steps[kept],
        wall_times=history.wall_times[kept],
        model_columns={name: column[kept] for name, column in history.model_columns.items()},
        layer_columns={name: column[kept] for name, column in history.layer_columns.items()},
    )
