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
from tb_bnplugin.twins.batch import Batch, rows_of
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
    """Record how the loss is reduced, where it is known and the step makes one pass.

    Or several, each on the next rows of the batch: then of the last of these parts.

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
    passes = _see(program, batch, reached, optimizers)
    if len(passes) > 1:
        found, batch = _of_parts(batch, passes, _loss_objects(reached) if loss is None else [loss])
    elif passes:
        found = loss if loss is not None else _find(reached, batch, passes[0])
    else:
        return
    if found is not None:
        seen = _as_given(found, batch, passes[-1])
        options = LossOptions(sample_weight=batch.weights, value=seen.value)
        ops.record_loss(writer, step, found, batch.y, seen.predictions, options)


def _see(
    program: Program, batch: Batch, reached: Sequence[Any], optimizers: Sequence[Any]
) -> list[Seen]:
    """The passes of a step; none where it is not seen which belongs to which value."""
    functions = functions_in([*reached, program.model])
    scales = [of_programs.divisor(each) for each in optimizers]
    with suspend(), Hooks(program.model, optimizers) as hooks, traced_anew(functions):
        program.run(batch)
    events = hooks.events
    seen = Observed(name=program.name, rows=0)
    fill(seen, events, scales)
    passes, values = len(seen.outputs), len(seen.loss.values)
    if "passed" in events.unseen or (values != passes if passes > 1 else values > passes):
        return []
    outputs = [[tf.constant(each) for each in call] for call in seen.outputs]
    for event in events.happened:
        if event.kind == "logits" and passes == 1:  # behind the outputs, where Keras' losses look
            outputs[0][int(event.label)]._keras_logits = tf.constant(event.values[0])
    return [
        Seen(
            predictions=call[0] if len(call) == 1 else call,
            value=_value(seen, at),
            added=seen.loss.added / passes,
        )
        for at, call in enumerate(outputs)
    ]


def _of_parts(batch: Batch, passes: Sequence[Seen], losses: Sequence[Any]) -> tuple[Any, Batch]:
    """The one loss that each pass has on its part of the rows, or a share of it; the last part."""
    sizes = [int(tf.nest.flatten(each.predictions)[0].shape[0]) for each in passes]
    if sum(sizes) != rows_of(batch):
        return None, batch
    ends = np.cumsum(sizes)
    parts = [_rows(batch, end - size, end) for end, size in zip(ends, sizes, strict=True)]
    found = []
    for each in losses:
        known = [
            (_total(seen), _evaluate(each, part, seen))
            for part, seen in zip(parts, passes, strict=True)
        ]
        found += [
            each
            for share in (1.0, 1.0 / len(passes))
            if all(abs(total - share * value) <= _SAME * abs(total) for total, value in known)
        ]
    return (found[0] if len(found) == 1 else None), parts[-1]


def _rows(batch: Batch, begin: int, end: int) -> Batch:
    parts = tf.nest.map_structure(
        lambda part: part if part is None else part[begin:end], (batch.x, batch.y, batch.weights)
    )
    return Batch(x=parts[0], y=parts[1], weights=parts[2], given=None)


def _total(seen: Seen) -> float:
    """The loss that one pass differentiates, without what is added to it; NaN: it is not seen."""
    if seen.value is None:
        return float("nan")
    return float(tf.reduce_sum(seen.value)) - seen.added


def _value(seen: Observed, at: int) -> tf.Tensor | None:
    """The value that one pass differentiated: of its shape, with its sum."""
    values, shapes = seen.loss.values, seen.loss.shapes
    if not values or len(values) != len(shapes) or shapes[at] is None:
        return None
    shape = [seen.rows or 1 if size is None else size for size in shapes[at]]
    elements = int(np.prod(shape, dtype=np.int64)) if shape else 1
    return tf.fill(shape, tf.constant(values[at] / max(elements, 1), tf.float64))


def _find(reached: Sequence[Any], batch: Batch, seen: Seen) -> Any:
    """The one loss object among some values that has the value that is differentiated."""
    if seen.value is None:
        return None
    total = float(tf.reduce_sum(seen.value))
    found = []
    for each in _loss_objects(reached):
        value = _evaluate(each, batch, seen)
        if any(abs(value - one) <= _SAME * abs(one) for one in (total, total - seen.added)):
            found.append(each)
    return found[0] if len(found) == 1 else None


def _loss_objects(values: Sequence[Any]) -> list[Any]:
    flavours = ((each, flavour_of_object(each)) for each in values)
    return [each for each, of in flavours if of and isinstance(each, of.keras.losses.Loss)]


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
