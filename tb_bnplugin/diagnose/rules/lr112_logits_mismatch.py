"""A loss takes probabilities for logits, or logits for probabilities.

What it sees:
    A cross entropy with `from_logits=True` that is given probabilities, or one without it that is
    given values outside of 0 to 1.

Why it matters:
    Probabilities that go through a second softmax are nearly equal: with 4 classes the loss cannot
    fall below 0.74, and its gradient is small. Logits that are taken for probabilities are clipped
    to 0 and 1, and a clipped value has no gradient. Nothing fails; the model learns slowly, or not.

How it decides:
    Each measurement keeps the smallest and largest prediction, and how far a row is from adding up
    to 1. Probabilities are within 0 and 1 in every measurement, and the rows of several classes add
    up to 1; of a single output there must be 64 values or more. Logits have a value below 0, or,
    for a binary cross entropy, above 1. In `fit`, and in a step that is traced, Keras looks behind
    a softmax or sigmoid of its own and takes the logits itself: there both spellings are the same.
    For a loss that is measured outside the step, the value that was differentiated (`value=`) must
    be a multiple of the loss of these predictions.

What to do:
    Let the loss take what the model returns: `from_logits=False` behind a softmax or sigmoid, and
    `from_logits=True` for a layer without an activation.

When it is fine:
    Never on purpose; a loss of soft targets that is scaled to 0 and 1 may look alike.

References:
    https://github.com/mmalekzadeh/dana/issues/1,
    https://keras.io/api/losses/probabilistic_losses/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.by_loss import check_differentiated
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.losses import loss_column, steps_of, value_at
from tb_bnplugin.diagnose.needs import LOSSES
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import KERAS_LOSSES, LossHistory, ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(code="LR112", name="logits-mismatch", severity="warning", needs=(LOSSES,))

ROUNDING: Final = 1e-3
"""Rows of a softmax add up to 1 within 1e-6 in float32, and within some 1e-3 in bfloat16."""

VALUES: Final = 64
"""Logits of a binary classifier are below 0 for one class: so many within 0 and 1 are no chance."""

MULTIPLE_WITHIN: Final = 1e-3
"""Relative, over all measurements; see `evidence.losses.RELATIVE_TOLERANCE`."""

_BINARY: Final = "BinaryCrossentropy"
_LOGITS: Final = "(from_logits=True)"


def check(history: ModelHistory) -> Iterator[Outcome]:
    """Look for probabilities taken for logits and the reverse, one outcome a loss."""
    return check_differentiated(RULE, history, lambda loss: _check_loss(history, loss))


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    candidate = loss_column(loss, "candidate")
    known = candidate[np.isfinite(candidate)]
    if not len(known) or (known != known[0]).any() or not 0 <= known[0] < len(KERAS_LOSSES):
        return RULE.not_checked(f"{loss.name} is no Keras loss that is known.")
    name = KERAS_LOSSES[int(known[0])]
    if "Crossentropy" not in name:
        return RULE.ok(f"{loss.name} ({name}) takes neither probabilities nor logits.")
    smallest, largest = loss_column(loss, "prediction_smallest"), _largest(loss)
    usable = np.isfinite(smallest) & np.isfinite(largest)
    if not usable.any():
        return RULE.not_checked(f"The range of the predictions of {loss.name} was not measured.")
    wants_logits, binary = name.endswith(_LOGITS), name.startswith(_BINARY)
    probabilities = _are_probabilities(loss, usable, binary=binary)
    outside = bool((smallest[usable] < -ROUNDING).any())
    outside |= binary and bool((largest[usable] > 1.0 + ROUNDING).any())
    if not (probabilities if wants_logits else outside):
        if wants_logits or _are_probabilities(loss, usable, binary=binary, few=True):
            return RULE.ok(f"{loss.name} takes what the model returns.")
        return RULE.not_checked(
            f"The predictions of {loss.name} are neither probabilities nor below 0."
        )
    if missing := _not_seen(history, loss, usable):
        return missing
    rows = f"from {num(value_at(loss, 'prediction_smallest', usable))}"
    seen = f"{rows} to {num(value_at(loss, 'prediction_largest', usable))}"
    short = name.removesuffix(_LOGITS)
    if wants_logits:
        return RULE.finding(
            message=(
                f"{loss.name} has from_logits=True, and its predictions are probabilities ({seen}):"
                f" they go through a second {'sigmoid' if binary else 'softmax'}."
            ),
            fix=(
                f"Take `{short}()` without from_logits, or leave the"
                f" {'sigmoid' if binary else 'softmax'} out of the model."
            ),
            evidence=_evidence(loss, usable),
            steps=steps_of(loss, usable),
        )
    return RULE.finding(
        message=(
            f"{loss.name} takes probabilities, and its predictions are none ({seen}): what is below"
            f" 0{' or above 1' if binary else ''} is clipped and has no gradient."
        ),
        fix=(
            f"Take `{short}(from_logits=True)`, or end the model in a"
            f" {'sigmoid' if binary else 'softmax'}."
        ),
        evidence=_evidence(loss, usable),
        steps=steps_of(loss, usable),
    )


def _are_probabilities(loss: LossHistory, usable: Mask, *, binary: bool, few: bool = False) -> bool:
    smallest = loss_column(loss, "prediction_smallest")[usable]
    error = loss_column(loss, "row_sum_error")[usable]
    within = bool((smallest >= 0.0).all() and (_largest(loss)[usable] <= 1.0 + ROUNDING).all())
    if not binary:
        return within and bool((error <= ROUNDING).all())
    values = float(loss_column(loss, "prediction_elements")[usable].sum())
    return within and (few or values >= VALUES)


def _not_seen(history: ModelHistory, loss: LossHistory, usable: Mask) -> Outcome | None:
    """The outcome where the loss that trains may have been given something else."""
    facts = loss.facts
    carries = None if facts is None else facts.carries_logits
    if facts is not None and facts.taken_from == "probe_data":
        compiled = [each for each in history.compiled_losses if each.name == loss.name]
        carries = compiled[-1].carries_logits if compiled else None
        if carries is None:
            return RULE.not_checked(f"The predictions that {loss.name} trains on were not seen.")
        if not carries:
            return None
    if carries and facts is not None and facts.reduction is not None:
        return RULE.ok(
            f"{loss.name} takes the logits behind the activation that made its predictions."
        )
    if carries:
        return RULE.not_checked(
            f"{loss.name} is a function, which may look behind the activation of its predictions."
        )
    with np.errstate(all="ignore"):
        ratio = loss_column(loss, "value_given")[usable] / loss_column(loss, "measured")[usable]
    if not np.isfinite(ratio).all():
        return RULE.not_checked(
            f"Keras may have looked behind the activation where {loss.name} was computed. Pass its"
            " value: tb_bnplugin.summary.loss_reduction(..., value=loss)."
        )
    if np.ptp(ratio) > MULTIPLE_WITHIN * abs(float(np.median(ratio))):
        return RULE.not_checked(
            f"The value that was differentiated is no multiple of {loss.name} of its predictions."
        )
    return None


def _largest(loss: LossHistory) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return loss_column(loss, "prediction_largest")


def _evidence(loss: LossHistory, usable: Mask) -> dict[str, float | str]:
    return {
        "loss": loss.name,
        "smallest": value_at(loss, "prediction_smallest", usable),
        "largest": value_at(loss, "prediction_largest", usable),
    }
