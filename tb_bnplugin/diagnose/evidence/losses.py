"""What the measurements of a loss say: its factor, its divisor, how it answers to the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import Mask, newest
from tb_bnplugin.history.model import Floats, LossHistory, ModelHistory

NOTHING_MEASURED: Final = (
    "no loss was measured: pass probe_data=(x, y) to the callback, or call"
    " tb_bnplugin.summary.loss_reduction(loss, y_true, y_pred) in the loop"
)

RELATIVE_TOLERANCE: Final = 0.005
"""Two sums of the same terms in another order agree far better in float32, and to 2^-8 in
bfloat16, the coarsest dtype a loss comes in; factors worth telling are at least 1.03 apart."""

ADAPTIVE_OPTIMIZERS: Final = frozenset(
    (
        *("adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw"),
        *("lamb", "lion", "muon", "nadam", "rmsprop"),
    )
)
"""Optimizers that divide a gradient by its own size, so that a factor of the loss cancels."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One loss on batches of the most frequent size, as far as measurements agree."""

    loss: LossHistory
    batch: float  # rows of these batches
    outputs: float  # values of one row that Keras' mean averages over, NaN when not known
    measured: float  # newest of these
    factor: float | None  # measured / Keras' mean, where all records agree
    doubled_ratio: float | None  # of the batch doubled to the batch, where all records agree
    replicas: float
    steps: tuple[int, int]  # first and last record of these


def measure(history: ModelHistory, loss: LossHistory) -> Measurement | None:
    """What the measurements of a loss agree on; None where none is finite and not zero."""
    measured, batch = loss_column(loss, "measured"), loss_column(loss, "batch")
    usable = np.isfinite(measured) & (measured != 0.0)
    if not usable.any():
        return None
    frequent = frequent_batch(history, loss)
    typical = usable & (batch == frequent)
    if not typical.any():
        typical = usable & ((batch == _most_common(batch[usable])) | np.isnan(batch))
    usable = typical if typical.any() else usable
    steps = loss.steps[usable]
    reduced, doubled = _as_differentiated(loss)
    return Measurement(
        loss=loss,
        batch=float(batch[usable][-1]),
        outputs=float(loss_column(loss, "outputs")[usable][-1]),
        measured=float(reduced[usable][-1]),
        factor=_agreed(reduced[usable], loss_column(loss, "keras_mean")[usable]),
        doubled_ratio=_agreed(doubled[usable], reduced[usable]),
        replicas=float(np.nan_to_num(loss_column(loss, "replicas")[usable][-1], nan=1.0)),
        steps=(int(steps[0]), int(steps[-1])),
    )


def _as_differentiated(loss: LossHistory) -> tuple[Floats, Floats]:
    """The loss, and that of the doubled batch [records], as what is differentiated reduces them.

    A loss that returns a vector is summed by a tape, unless the loop takes the mean itself, as
    the given value shows. Where it does neither, how it grows is not known: NaN.
    """
    measured, doubled = loss_column(loss, "measured"), loss_column(loss, "doubled")
    elements, value = loss_column(loss, "elements"), loss_column(loss, "value_given")
    reduced_by_loop = (elements > 1) & np.isfinite(value) & ~_near(value, measured)
    is_mean = reduced_by_loop & _near(value, measured / elements)
    unknown = np.full(len(measured), np.nan)
    return (
        np.where(reduced_by_loop, value, measured),
        np.where(is_mean, doubled / (2 * elements), np.where(reduced_by_loop, unknown, doubled)),
    )


def _near(values: Floats, expected: Floats) -> Mask:
    return np.asarray(np.abs(values - expected) <= RELATIVE_TOLERANCE * np.abs(expected), bool)


def frequent_batch(history: ModelHistory, loss: LossHistory) -> float:
    """The most frequent batch size in training, as far as known, else of the measurements."""
    known = float(newest(history.model("batch_frequent")))
    return known if np.isfinite(known) else _most_common(loss_column(loss, "batch"))


def near(value: float, expected: float, tolerance: float = RELATIVE_TOLERANCE) -> bool:
    """Whether two numbers agree to a relative tolerance; False when either is not finite."""
    return bool(abs(value - expected) <= tolerance * abs(expected))


def learning_rate(history: ModelHistory, loss: LossHistory) -> float | None:
    """The learning rate, where it is known and stayed the same."""
    rates = np.concatenate([loss_column(loss, "learning_rate"), history.model("learning_rate")])
    rates = rates[np.isfinite(rates)]
    if not len(rates) or not np.allclose(rates, rates[0], rtol=1e-5, atol=0.0):
        return None
    return float(rates[0])


def cancels_factors(*histories: ModelHistory) -> bool:
    """Whether an optimizer is known, and all that are cancel a constant factor of the loss."""
    known = [history.facts.optimizer.lower() for history in histories if history.facts.optimizer]
    return bool(known) and all(optimizer in ADAPTIVE_OPTIMIZERS for optimizer in known)


def keras_class_of(loss: LossHistory) -> str:
    """The Keras loss that a measured loss is a multiple of, "" where it is not known."""
    return (loss.facts.keras_class if loss.facts else None) or ""


def loss_column(loss: LossHistory, name: str) -> Floats:
    """One column of the measurements [records], NaN where it was not recorded."""
    return loss.columns.get(name, np.full(len(loss.steps), np.nan))


def _agreed(numerators: Floats, denominators: Floats) -> float | None:
    """The ratio that all records with one agree on, else None."""
    usable: Mask = np.isfinite(numerators) & np.isfinite(denominators) & (denominators != 0.0)
    if not usable.any():
        return None
    ratios = numerators[usable] / denominators[usable]
    middle = float(np.median(ratios))
    return middle if all(near(float(ratio), middle) for ratio in ratios) else None


def _most_common(values: Floats) -> float:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan")
    sizes, counts = np.unique(known, return_counts=True)
    return float(sizes[np.argmax(counts)])
