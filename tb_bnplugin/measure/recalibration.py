"""The result of a recalibration: what changed, what the model does with it, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.printed import num, nums, times_as

Floats = npt.NDArray[np.float64]

_NAN: Final = float("nan")

SHOWN: Final = 3
"""Layers that a text names: those that changed most."""

ROUNDING: Final = 1e-5
"""Share of a loss that is rounding in float32, and no loss got worse by."""

ALIKE: Final = 0.005
"""Share of a variance: less is not told."""

NOTICEABLE: Final = 0.01
"""Standard deviations, and share of the variance: less is no change that a text names."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well the model does on the held batches; NaN where that is not known."""

    loss: float = _NAN
    accuracy: float = _NAN
    distance: float = _NAN
    """Of the outputs from those with batch statistics: root mean square, by their scale."""

    @classmethod
    def mean_of(cls, scores: Sequence[Score], rows: Sequence[int]) -> Score:
        """The mean over batches, weighted by their rows."""

        def mean(name: str) -> float:
            values = [getattr(score, name) for score in scores]
            return float(np.average(values, weights=rows)) if values else _NAN

        return cls(loss=mean("loss"), accuracy=mean("accuracy"), distance=mean("distance"))


@dataclass(frozen=True, kw_only=True)
class RecalibratedLayer:
    """One layer: its statistics before against those of the data."""

    path: str
    values: float  # in each channel, over all batches
    mean_off: float
    """Median over the channels of |moving mean - mean of the data|, in standard deviations."""
    variance_factor: float
    """Median over the channels of moving variance / variance of the data, with epsilon."""

    @classmethod
    def compare(
        cls, path: str, values: float, old: Floats, new: Floats, epsilon: float
    ) -> RecalibratedLayer:
        """Compare statistics before with those of the data.

        Args:
            path: of the layer.
            values: that the new ones are made of.
            old, new: [2, channels], mean and variance.
            epsilon: of the layer.
        """
        with np.errstate(all="ignore"):
            square = new[1] + epsilon
            off = np.median(np.abs(old[0] - new[0]) / np.sqrt(square))
            shift = np.median(np.log((old[1] + epsilon) / square))
            factor = np.exp(shift)
        return cls(path=path, values=values, mean_off=float(off), variance_factor=float(factor))

    @property
    def change(self) -> float:
        """How far off the statistics were: standard deviations, or the logarithm of the factor."""
        factor = self.variance_factor
        shift = abs(math.log(factor)) if 0.0 < factor < math.inf else math.inf
        return max(self.mean_off, shift) if math.isfinite(self.mean_off) else math.inf


@dataclass(frozen=True, kw_only=True, repr=False)
class Recalibration:
    """The result of `recalibrate`: printed, it tells what was done.

    `before`, `after` and `batch` are scores on some batches of the data in inference mode, with
    the moving statistics before, with the new ones, and with the statistics of each batch. The
    **gap** is what inference mode costs against training mode.
    """

    model: str
    layers: tuple[RecalibratedLayer, ...]
    left: Mapping[str, str]  # layers that are left as they are, by path, with the reason
    batches: int
    rows: int
    passes: int  # over the data
    before: Score
    after: Score
    batch: Score
    applied: bool  # the model has the new statistics
    reason: str | None = None  # why not
    other_scale: Mapping[str, float] = field(default_factory=dict)
    """Layers, by path, and how many times as large the data are as those of the old statistics."""

    @property
    def improved(self) -> bool:
        """True if the model is no worse with the new statistics."""
        return worse(self.before, self.after) is None

    @property
    def warning(self) -> str | None:
        """A line on data that seem to be of another scale than the training's; None: none are."""
        if not self.other_scale:
            return None
        path, times = next(iter(self.other_scale.items()))
        more = f" (and {len(self.other_scale) - 1} more)" if len(self.other_scale) > 1 else ""
        return (
            f"what enters {path}{more} is {times_as(times)} as what its moving statistics were"
            " made of: prepare the data as in the training (`x / 255`?), unless these statistics"
            " are wrong"
        )

    @property
    def gap_before(self) -> float:
        """Loss in inference mode minus that with batch statistics; NaN without labels."""
        return self.before.loss - self.batch.loss

    @property
    def gap_after(self) -> float:
        """The same with the new statistics."""
        return self.after.loss - self.batch.loss

    def __repr__(self) -> str:
        return (
            f"<Recalibration of {self.model!r}: {len(self.layers)} layers, {self.batches} batches,"
            f" applied={self.applied}, {_headline(self.before, self.after)}>"
        )

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def worse(before: Score, after: Score) -> str | None:
    """Why the model would be worse with the new statistics; None: it is not.

    The loss says it where there is one, else the accuracy, else how far the outputs are from
    those with the statistics of each batch. What is not finite is worse than any number.
    """
    for name, more_is_worse in (("loss", True), ("accuracy", False), ("distance", True)):
        old, new = getattr(before, name), getattr(after, name)
        known = math.isfinite(old) or math.isfinite(new)
        if not known:
            continue
        if not math.isfinite(new):
            return f"the {_NAMES[name]} would not be a number any more"
        if not math.isfinite(old):
            return None
        lost = (new - old) if more_is_worse else (old - new)
        if lost > ROUNDING * abs(old):
            return f"the {_NAMES[name]} would go from {' to '.join(nums((old, new)))}"
        return None
    return None


_NAMES: Final = {
    "loss": "loss",
    "accuracy": "accuracy",
    "distance": "distance of the outputs from those with batch statistics",
}


def _headline(before: Score, after: Score) -> str:
    for name in ("loss", "accuracy", "distance"):
        old, new = getattr(before, name), getattr(after, name)
        if math.isfinite(old) or math.isfinite(new):
            return f"{name} {' -> '.join(nums((old, new)))}"
    return "no score"


def _lines(result: Recalibration) -> list[str]:
    count = f"{len(result.layers)} layer{'' if len(result.layers) == 1 else 's'}"
    passes = "" if result.passes == 1 else f", {result.passes} passes"
    data = f"{result.batches:,} batches ({result.rows:,} rows{passes})"
    if result.applied:
        head = f"Recalibrated {count} of {result.model!r} from {data}."
    else:
        head = f"Nothing changed in {result.model!r}: {result.reason}. {count}, {data}."
    lines = [head, f"  {'in inference mode':22s}{'before':>10s}{'after':>10s}   batch statistics"]
    shown = False
    for name, label in (("loss", "loss"), ("accuracy", "accuracy"), ("distance", "outputs off")):
        old, new, batch = (getattr(s, name) for s in (result.before, result.after, result.batch))
        if math.isfinite(old) or math.isfinite(new):
            shown = True
            lines.append(f"  {label:22s}{old:10.4g}{new:10.4g}{batch:19.4g}")
    if not shown:
        del lines[1]
    most = sorted(result.layers, key=lambda layer: -layer.change)
    off = [layer for layer in most[:SHOWN] if layer.change > NOTICEABLE]
    if off:
        lines.append(f"  furthest off {'were' if result.applied else 'are'}:")
        lines += [f"    {layer.path}: {_off(layer)}" for layer in off]
    if result.warning is not None:
        lines.append(f"  warning: {result.warning}")
    for reason in dict.fromkeys(result.left.values()):
        paths = [path for path, why in result.left.items() if why == reason]
        more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
        lines.append(f"  left as they are: {', '.join(paths[:SHOWN])}{more} ({reason})")
    return lines


def _off(layer: RecalibratedLayer) -> str:
    factor = layer.variance_factor
    if abs(factor - 1.0) < ALIKE:
        variance = "the variance that of the data"
    elif factor >= 1.0:
        variance = f"the variance {num(factor)} times that of the data"
    else:
        over = 1.0 / factor if factor > 0 else math.inf
        variance = f"the variance {num(over)} times below that of the data"
    return f"the mean by {num(layer.mean_off)} standard deviations, {variance}"
