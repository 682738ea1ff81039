"""The reduction of each loss, in numbers and in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tb_bnplugin.dashboard.payload.gradients import loss_gradients
from tb_bnplugin.dashboard.payload.values import Json, number
from tb_bnplugin.diagnose.evidence.gradients import SAME_DIRECTION
from tb_bnplugin.diagnose.evidence.losses import Measurement, measure, near
from tb_bnplugin.history.model import LossFacts, LossHistory, ModelHistory
from tb_bnplugin.printed import num

_REDUCTIONS = {
    "sum_over_batch_size": "compiled as a mean over the batch",
    "mean": "compiled as a mean over the batch",
    "mean_with_sample_weight": "compiled as a mean that divides by the sum of the weights",
    "auto": "compiled with Keras' automatic reduction, a mean over the batch",
    "sum": "compiled as a sum over the batch: doubling the batch doubles the step",
    "none": "compiled without a reduction: it returns a vector, which a tape sums",
}
"""Keras' names of reductions, for losses that were compiled and not measured."""


def loss_rows(history: ModelHistory) -> list[dict[str, Any]]:
    """The losses: those measured first, with the facts of the same name beside them."""
    phase = history.phases[-1].number if history.phases else None
    facts = {loss.name: loss for loss in history.compiled_losses}
    rows = [_row(history, loss, facts.pop(loss.name, None), phase) for loss in history.losses]
    rows += [_compiled_row(loss, phase) for loss in facts.values()]
    gradients = loss_gradients(history)
    named = {row["name"] for row in rows}
    rows += [_unknown_row(name) for name in gradients if name not in named]
    return [_with_gradient(row, gradients.get(row["name"])) for row in rows]


def _row(
    history: ModelHistory, loss: LossHistory, facts: LossFacts | None, phase: int | None
) -> dict[str, Any]:
    row = _unknown_row(loss.name) if facts is None else _compiled_row(facts, phase)
    if loss.facts is not None:
        known = _facts(loss.facts)
        row |= {key: value for key, value in known.items() if value is not None}
    measurement = measure(history, loss)
    if measurement is not None:
        row["measured"] = _measured(loss, measurement)
        row["reading"] = _reading(measurement, row)
        row["weighted"] = row["weighted"] or _last(loss, "weight_sum") is not None
    return row


def _with_gradient(row: dict[str, Any], gradient: Json | None) -> dict[str, Any]:
    """The row with its gradient: a `train_step` may differentiate another value than the loss."""
    if gradient is None or row["measured"] is None:
        return {**row, "gradient": gradient}
    factor = gradient["factor"] if gradient["cosine"] >= SAME_DIRECTION else None
    equal = number(1.0 / factor) if factor else None
    return {
        **row,
        "measured": {**row["measured"], "equal_learning_rate": equal},
        "gradient": gradient,
    }


def _facts(facts: LossFacts) -> dict[str, Any]:
    labels, predictions = facts.label_shape, facts.prediction_shape
    return {
        "name": facts.name,
        "loss_class": facts.loss_class,
        "keras_class": facts.keras_class,
        "reduction": facts.reduction,
        "label_shape": None if labels is None else list(labels),
        "prediction_shape": None if predictions is None else list(predictions),
        "label_dtype": facts.label_dtype,
        "prediction_dtype": facts.prediction_dtype,
        "weighted": facts.weighted,
    }


def _compiled_row(facts: LossFacts, phase: int | None) -> dict[str, Any]:
    reduction = _REDUCTIONS.get(facts.reduction or "", "its reduction is not known")
    return {
        **_facts(facts),
        "phase": phase,
        "measured": None,
        "reading": f"{reduction}; not measured",
    }


def _unknown_row(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "loss_class": "",
        "keras_class": None,
        "reduction": None,
        "label_shape": None,
        "prediction_shape": None,
        "label_dtype": None,
        "prediction_dtype": None,
        "weighted": False,
        "phase": None,
        "measured": None,
        "reading": "no finite value was measured",
    }


def _measured(loss: LossHistory, measurement: Measurement) -> dict[str, Any]:
    factor = measurement.factor
    return {
        "step": measurement.steps[1],
        "value": number(measurement.measured),
        "keras_mean": _last(loss, "keras_mean"),
        "factor": number(factor),
        "outputs": number(measurement.outputs),
        "batch": number(measurement.batch),
        "doubled_ratio": number(measurement.doubled_ratio),
        "permuted_ratio": _ratio(_last(loss, "permuted"), _last(loss, "measured")),
        "replicas": max(1, int(measurement.replicas)),
        "equal_learning_rate": number(1.0 / factor) if factor else None,
        "counted_share": _last(loss, "counted_share"),
    }


def _reading(measurement: Measurement, row: Mapping[str, Any]) -> str:
    """One sentence of what the measurements say; only what they agree on."""
    vector = ""
    if measurement.elements > 1:
        reduced = "which the loop reduces" if measurement.by_loop else "which a tape sums"
        vector = f"a vector of {num(measurement.elements)} values, {reduced}: "
    keras_mean = f"Keras' {row['keras_class']}" if row["keras_class"] else "Keras' mean of it"
    ratio = measurement.doubled_ratio
    if ratio is not None and near(ratio, 1.0):
        return vector + _mean_over_batch(measurement, keras_mean)
    if ratio is not None and near(ratio, 2.0):
        return vector + _sum_over_batch(measurement)
    if ratio is not None:
        return f"{vector}doubling the batch multiplies it by {num(ratio)}"
    if measurement.factor is not None:
        return (
            f"{vector}{num(measurement.factor)} times {keras_mean}; its dependence on the batch"
            " size was not measured"
        )
    return f"{vector}neither a mean nor a sum: the measurements agree on no one factor"


def _mean_over_batch(measurement: Measurement, keras_mean: str) -> str:
    factor, outputs, replicas = measurement.factor, measurement.outputs, measurement.replicas
    if factor is None:
        return "mean over the batch: its size does not change the step"
    if near(factor, 1.0):
        return f"mean over the batch{_and_outputs(outputs)}, as {keras_mean}"
    if outputs > 1.0 and near(factor, outputs):
        times = num(outputs)
        return f"sum over {times} outputs, mean over the batch: {times} times {keras_mean}"
    if replicas > 1.0 and near(factor, 1.0 / replicas):
        return (
            f"mean over the batch{_and_outputs(outputs)}, divided by {num(replicas)} replicas:"
            f" 1/{num(replicas)} of {keras_mean}"
        )
    return f"mean over the batch: {num(factor)} times {keras_mean}"


def _sum_over_batch(measurement: Measurement) -> str:
    grows = "doubling the batch doubles the step"
    factor, outputs, batch = measurement.factor, measurement.outputs, measurement.batch
    if factor is None or not np.isfinite(outputs) or not np.isfinite(batch):
        return f"sum over the batch, or divided by a fixed number: {grows}"
    divisor = batch * outputs / factor
    if near(divisor, 1.0):
        return f"sum over the batch{_and_outputs(outputs)}: {grows}"
    if outputs > 1.0 and near(divisor, outputs):
        return f"mean over {num(outputs)} outputs, sum over the batch: {grows}"
    if outputs > 1.0 and near(divisor, outputs * batch):
        return (
            f"mean over {num(outputs)} outputs, sum over the batch divided by a fixed {num(batch)}:"
            f" {grows}"
        )
    if outputs > 1.0:
        summed = f"sum over {num(outputs)} outputs and the batch"
        return f"{summed}, divided by a fixed {num(divisor)}: {grows}"
    return f"sum over the batch, divided by a fixed {num(divisor)}: {grows}"


def _and_outputs(outputs: float) -> str:
    return f" and {num(outputs)} outputs" if outputs > 1.0 else ""


def _last(loss: LossHistory, name: str) -> float | None:
    """The newest finite value of a column; None where there is none."""
    values = loss.columns.get(name)
    if values is None:
        return None
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else None


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or not denominator else number(numerator / denominator)
