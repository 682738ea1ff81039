"""The loss that a step of the program's own differentiates, measured on the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import flavour_of_object
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.resolve import resolve
from tb_bnplugin.training import ops
from tb_bnplugin.twins import optimizers as of_programs
from tb_bnplugin.twins.batch import Batch
from tb_bnplugin.twins.collect import fill
from tb_bnplugin.twins.functions import functions_in, traced_anew
from tb_bnplugin.twins.hooks import Hooks
from tb_bnplugin.twins.observed import Observed
from tb_bnplugin.twins.programs import Program

_SAME: Final = 1e-4
"""How far apart, relatively, a loss and what is differentiated may be: rounding in float32."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One pass of a step: what the model made of the batch, and what was differentiated."""

    predictions: Any  # the structure of the outputs is that of a list, where there are several
    value: tf.Tensor | None  # summed over its elements it is what was; None: not seen
    added: float  # the part of it that are regularizers and what layers add


def measure_loss(
    writer: Any,
    step: int,
    program: Program,
    batch: Batch,
    reached: Sequence[Any],
    optimizers: Sequence[Any],
    loss: Any,
) -> None:
    """Record how the loss is reduced, where the step makes one pass and the loss is known.

    Args:
        writer: of the records.
        step: of the record.
        program: whose step is made once more.
        batch: that it gets.
        reached: what the step names.
        optimizers: that may be given gradients.
        loss: as the caller names it; None: one of those that the step names, where it has the
            value that is differentiated.
    """
    if batch.y is None:
        return
    seen = _see(program, batch, reached, optimizers)
    if seen is None:
        return
    found = loss if loss is not None else _find(reached, batch, seen)
    if found is not None:
        seen = _as_given(found, batch, seen)
        options = LossOptions(sample_weight=batch.weights, value=seen.value)
        ops.record_loss(writer, step, found, batch.y, seen.predictions, options)


def _see(
    program: Program, batch: Batch, reached: Sequence[Any], optimizers: Sequence[Any]
) -> Seen | None:
    functions = functions_in([*reached, program.model])
    scales = [of_programs.divisor(each) for each in optimizers]
    with suspend(), Hooks(program.model, optimizers) as hooks, traced_anew(functions):
        program.run(batch)
    events = hooks.events
    seen = Observed(name=program.name, rows=0)
    fill(seen, events, scales)
    if len(seen.outputs) != 1 or "passed" in events.unseen or len(seen.loss.values) > 1:
        return None
    outputs = [tf.constant(each) for each in seen.outputs[0]]
    for event in events.happened:
        if event.kind == "logits":  # behind the outputs, where Keras' losses look
            outputs[int(event.label)]._keras_logits = tf.constant(event.values[0])
    return Seen(
        predictions=outputs[0] if len(outputs) == 1 else outputs,
        value=_value(seen),
        added=seen.loss.added,
    )


def _value(seen: Observed) -> tf.Tensor | None:
    """The value that was differentiated: of its shape, with its sum."""
    if len(seen.loss.values) != 1 or len(seen.loss.shapes) != 1 or seen.loss.shapes[0] is None:
        return None
    shape = [seen.rows or 1 if size is None else size for size in seen.loss.shapes[0]]
    elements = int(np.prod(shape, dtype=np.int64)) if shape else 1
    return tf.fill(shape, tf.constant(seen.loss.values[0] / max(elements, 1), tf.float64))


def _find(reached: Sequence[Any], batch: Batch, seen: Seen) -> Any:
    """The one loss object among some values that has the value that is differentiated."""
    if seen.value is None:
        return None
    total = float(tf.reduce_sum(seen.value))
    found = []
    for each in reached:
        flavour = flavour_of_object(each)
        if flavour is None or not isinstance(each, flavour.keras.losses.Loss):
            continue
        value = _evaluate(each, batch, seen)
        if any(abs(value - one) <= _SAME * abs(one) for one in (total, total - seen.added)):
            found.append(each)
    return found[0] if len(found) == 1 else None


def _as_given(loss: Any, batch: Batch, seen: Seen) -> Seen:
    """The predictions as the loss was given them: without logits behind, where that is its value.

    A program may hand on what it makes of the outputs, behind which Keras cannot look.
    """
    outputs = seen.predictions
    if seen.value is None or not hasattr(outputs, "_keras_logits"):
        return seen
    plain = replace(seen, predictions=tf.identity(outputs))
    total = float(tf.reduce_sum(seen.value)) - seen.added
    as_made, as_plain = (abs(_evaluate(loss, batch, each) - total) for each in (seen, plain))
    return plain if as_plain < as_made else seen


def _evaluate(loss: Any, batch: Batch, seen: Seen) -> float:
    """The sum of a loss; NaN of one that takes other values."""
    try:
        with suspend():
            given = (batch.y, seen.predictions, batch.weights)
            return float(np.sum(np.asarray(resolve(loss).evaluate(*given), np.float64)))
    except Exception:  # noqa: BLE001  # a loss of something else
        return float("nan")
