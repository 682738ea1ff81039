"""Losses and metrics: the factor of a loss, how it grows with the batch, what was compiled."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.given_value import power_of_rows
from tb_bnplugin.diagnose.evidence.layers import Mask, newest
from tb_bnplugin.history.model import Floats, LossHistory, ModelHistory, Shape

RELATIVE_TOLERANCE: Final = 0.005
"""Two sums of the same terms in another order agree far better in float32, and to 2^-8 in
bfloat16, the coarsest dtype a loss comes in; factors that matter are at least 1.03 apart."""


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
    elements: float  # values that the loss returned
    by_loop: bool = False  # what the loss returned is reduced by the loop, to the value it gives
    usual: float = float("nan")  # rows of most batches in training; NaN: not known

    @property
    def divisor(self) -> float | None:
        """The number by which the sum over rows and outputs is divided, None where not known."""
        if self.factor is None or not np.isfinite(self.batch * self.outputs):
            return None
        return self.batch * self.outputs / self.factor

    @property
    def is_usual(self) -> bool:
        """False where batches of another size than most were measured."""
        return not np.isfinite(self.usual * self.batch) or self.batch == self.usual

    @property
    def usual_step_factor(self) -> float | None:
        """The factor of the step on a batch of the usual size; None where it is not known."""
        if self.step_factor is None or self.is_usual:
            return self.step_factor
        times = self.usual / self.batch
        grown = ((1.0, 1.0), (2.0, times), (0.5, 1.0 / times))
        ratio = float("nan") if self.doubled_ratio is None else self.doubled_ratio
        return next((self.step_factor * by for known, by in grown if near(ratio, known)), None)

    @property
    def grows(self) -> bool:
        """True where it is known to be no mean: twice the batch gives another value."""
        return self.doubled_ratio is not None and not near(self.doubled_ratio, 1.0)

    @property
    def step_factor(self) -> float | None:
        """The factor of the step: a strategy sums the gradients of its replicas."""
        return None if self.factor is None else self.factor * self.replicas


def explain_factor(factor: float, found: Measurement) -> tuple[str, ...] | None:
    """The numbers of a program whose product the factor of a step is; None: there is none.

    Of several, the product of the fewest: 32 rows are told before 16 outputs of 2 replicas.
    """
    sizes = {"outputs": found.outputs, "rows": found.batch, "replicas": found.replicas}
    return explain_product(factor, sizes)


def explain_product(factor: float, sizes: Mapping[str, float]) -> tuple[str, ...] | None:
    """The same for given outputs, rows and replicas."""
    #  1      ()                         10   ("outputs",)
    #  1/32   ("1 / rows",)              20   ("outputs", "replicas")
    powers = {"outputs": (0, 1), "rows": (0, 1, -1), "replicas": (0, 1, -1)}
    found_parts = []
    for exponents in itertools.product(*powers.values()):
        used = [(name, power) for name, power in zip(sizes, exponents, strict=True) if power]
        if any(not sizes[name] > 1.0 for name, _ in used):
            continue
        if near(factor, float(np.prod([sizes[name] ** power for name, power in used]))):
            found_parts.append(tuple(name if power == 1 else f"1 / {name}" for name, power in used))
    return min(found_parts, key=len, default=None)


def measure(history: ModelHistory, loss: LossHistory) -> Measurement | None:
    """The factor and the growth on which the measurements of a loss agree.

    None where no measured value is finite and not zero.
    """
    # batch          32     32     16      the short batch is left out
    # measured      5.0    4.0    2.5
    # keras_mean    0.5    0.4    0.5      factor 10: a sum over 10 outputs
    # doubled      10.0    8.0    5.0      ratio 2: the loss grows with the batch
    measured, batch = loss_column(loss, "measured"), loss_column(loss, "batch")
    usable = np.isfinite(measured) & (measured != 0.0)
    if not usable.any():
        return None
    frequent = frequent_batch(history, loss)
    typical = usable & (batch == frequent)
    if not typical.any():
        typical = usable & ((batch == _most_common(batch[usable])) | np.isnan(batch))
    usable = typical if typical.any() else usable
    reduced, doubled = as_differentiated(loss)
    by_loop = bool(reduced[usable][-1] != measured[usable][-1])
    scale = 1.0 if by_loop else _scaled_afterwards(loss, usable)
    reduced, doubled = reduced * scale, doubled * scale
    return Measurement(
        loss=loss,
        batch=value_at(loss, "batch", usable),
        outputs=_known_at(loss, "outputs", usable),
        measured=float(reduced[usable][-1]),
        factor=_factor(reduced[usable], loss_column(loss, "keras_mean")[usable]),
        doubled_ratio=_agreed(doubled[usable], reduced[usable]),
        replicas=float(np.nan_to_num(value_at(loss, "replicas", usable), nan=1.0)),
        steps=steps_of(loss, usable),
        elements=value_at(loss, "elements", usable),
        by_loop=by_loop or scale != 1.0,
        usual=frequent,
    )


def as_differentiated(loss: LossHistory) -> tuple[Floats, Floats]:
    """The loss, and that of the doubled batch [records], as they are differentiated.

    A tape sums a loss that returns a vector, unless the loop reduces it itself, as the given value
    shows. How that grows with the batch is known where it is the mean, or where batches of several
    sizes show it; else it is NaN.
    """
    measured, doubled = loss_column(loss, "measured"), loss_column(loss, "doubled")
    elements, value = loss_column(loss, "elements"), loss_column(loss, "value_given")
    power = power_of_rows(value, measured, loss_column(loss, "batch"))
    own = (elements > 1) & np.isfinite(value) & ~_near(value, measured)
    if power is not None:  # a scalar times a constant is no other loss
        own |= np.isfinite(value) & (elements == 1) & (power != 0)
        return np.where(own, value, measured), np.where(
            own, doubled * value / measured / 2.0**power, doubled
        )
    is_mean = own & _near(value, measured / elements)
    unknown = np.full(len(measured), np.nan)
    return (
        np.where(own, value, measured),
        np.where(is_mean, doubled / (2 * elements), np.where(own, unknown, doubled)),
    )


def _scaled_afterwards(loss: LossHistory, usable: Mask) -> float:
    """The number that a loss is multiplied by before it is differentiated, 1 where it is not known.

    Rows and replicas, by which a mean is divided again or a sum never was. Other values differ
    from the loss by more than a factor, as by regularizers.
    """
    single = usable & (loss_column(loss, "elements") == 1)
    factor = _agreed(
        loss_column(loss, "value_given")[single], loss_column(loss, "measured")[single]
    )
    if factor is None:
        return 1.0
    rows, replicas = (
        float(np.nan_to_num(value_at(loss, name, usable), nan=1.0))
        for name in ("batch", "replicas")
    )
    known = (rows, replicas, rows * replicas)
    of_these = any(near(factor, scale) or near(factor, 1 / scale) for scale in known if scale > 1)
    return factor if of_these else 1.0


def _near(values: Floats, expected: Floats) -> Mask:
    return np.asarray(np.abs(values - expected) <= RELATIVE_TOLERANCE * np.abs(expected), bool)


def frequent_batch(history: ModelHistory, loss: LossHistory) -> float:
    """The most frequent batch size in training, as far as known, else of the measurements."""
    known = float(newest(history.model("batch_frequent")))
    return known if np.isfinite(known) else _most_common(loss_column(loss, "batch"))


def near(value: float, expected: float, tolerance: float = RELATIVE_TOLERANCE) -> bool:
    """True where two numbers agree to a relative tolerance; False when either is not finite."""
    return bool(abs(value - expected) <= tolerance * abs(expected))


def learning_rate(history: ModelHistory, loss: LossHistory) -> float | None:
    """The learning rate, where it is known and stayed the same."""
    return one_rate(
        np.concatenate([loss_column(loss, "learning_rate"), history.model("learning_rate")])
    )


def one_rate(rates: Floats) -> float | None:
    """The learning rate of these records, NaN where it is not known; None: it changed."""
    rates = rates[np.isfinite(rates)]
    if not len(rates) or not np.allclose(rates, rates[0], rtol=1e-5, atol=0.0):
        return None
    return float(rates[0])


def loss_column(loss: LossHistory, name: str) -> Floats:
    """One column of the measurements [records], NaN where it was not recorded."""
    return loss.columns.get(name, np.full(len(loss.steps), np.nan))


def value_at(loss: LossHistory, name: str, usable: Mask) -> float:
    """The newest of the usable measurements [records] in one column."""
    return float(loss_column(loss, name)[usable][-1])


def _known_at(loss: LossHistory, name: str, usable: Mask) -> float:
    """The newest of the usable measurements in which a column is known; NaN: none."""
    known = loss_column(loss, name)[usable]
    return float(known[np.isfinite(known)][-1]) if np.isfinite(known).any() else float("nan")


def steps_of(loss: LossHistory, usable: Mask) -> tuple[int, int]:
    """First and last step of the usable measurements [records]."""
    steps = loss.steps[usable]
    return int(steps[0]), int(steps[-1])


def keras_class(loss: LossHistory) -> str | None:
    """The class of Keras' losses that a loss was recognised as, "MeanSquaredError"."""
    return (loss.facts.keras_class or None) if loss.facts else None


def shapes(loss: LossHistory) -> tuple[Shape | None, Shape | None]:
    """Shapes of labels and of predictions, None where not known."""
    if loss.facts is None:
        return None, None
    return loss.facts.label_shape, loss.facts.prediction_shape


def shape_text(shape: Sequence[int | None]) -> str:
    """A shape as Python writes it, "(None, 10)"."""
    sizes = ["None" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _factor(values: Floats, means: Floats) -> float | None:
    """The ratio to Keras' mean that all records agree on, of a loss that most take for Keras'.

    One of the program's own may look like Keras' while all predictions are of one kind.
    """
    return _agreed(values, means) if 2 * np.isfinite(means).sum() >= len(means) else None


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
