"""How far the replicas' copies of the moving statistics are apart, against the noise of batches."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.measure.layout import Floats, Layout
from tb_bnplugin.measure.reading import Reading
from tb_bnplugin.schema.thresholds import REPLICA_MEAN_SHARE, REPLICA_VARIANCE_FACTOR

Values = npt.NDArray[np.generic]

COMPARED_AT_LEAST: Final = 8
"""Records before anything is said: the noise is estimated from as many."""

REMEMBERED: Final = 50
"""Records that an average goes over: what the replicas were given long ago does not count."""

GROWTH: Final = 1.25
"""The columns are taken anew when the records compared have grown by this factor."""


class ReplicaGaps:
    """Compares the copies of all layers from reading to reading.

    The copies of two replicas that get the same kind of data differ by the noise of their batches,
    and by another amount each time. What the batches of each replica were is recovered from its
    copy as everywhere: (new - m^k old) / (1 - m^k). Averaged over records, noise vanishes, and
    what stays is the difference of the data.
    """

    def __init__(self) -> None:
        self._mean = np.zeros((0, 2, 0))  # averages [replicas, mean and variance, ranked channels]
        self._square = np.zeros((0, 2, 0))  # average squared distances from them
        self._compared = np.zeros(0)  # records [layers]
        self._due = COMPARED_AT_LEAST

    @property
    def compared(self) -> float:
        """Records compared, of the layer with the fewest that trains; NaN: there is one copy."""
        if not len(self._mean):
            return np.nan
        trained = self._compared[self._compared > 0]
        return float(trained.min()) if len(trained) else 0.0

    def update(
        self, reading: Reading, last: Reading, layout: Layout, kept: Floats
    ) -> dict[str, Floats] | None:
        """Take a new reading; the event columns [layers] where it is time for them.

        Args:
            reading: the new state.
            last: the one before.
            layout: of the channels.
            kept: [layers] share of the old statistics in the new, m^k; NaN where none trained.
        """
        if reading.other_copies is None or last.other_copies is None:
            return None
        ranked, owner = layout.ranked, layout.ranked_owner
        new, old = _all_copies(reading)[:, :, ranked], _all_copies(last)[:, :, ranked]
        self._grow(len(new), len(ranked), layout.layers)
        share, epsilon = kept[owner], layout.ranked_epsilon
        batch = (new - share * old) / (1 - share)
        # Distances from what the replicas have in common, in units that are those of all.
        scale = np.maximum(new[:, 1].mean(axis=0), 0) + epsilon
        batch[:, 0] = (batch[:, 0] - batch[:, 0].mean(axis=0)) / np.sqrt(scale)
        batch[:, 1] = (np.maximum(batch[:, 1], 0) + epsilon) / scale
        self._average(batch, owner, layout.layers)
        most = self._compared.max()
        if most < self._due:
            return None
        self._due = int(np.ceil(most * GROWTH))
        return self._columns(new, layout, owner, scale, epsilon)

    def _grow(self, replicas: int, channels: int, layers: int) -> None:
        """Make room for layers that came: their channels are behind those of the others."""
        if self._mean.shape != (replicas, 2, channels):
            known, rows = self._mean.shape[2], len(self._compared)
            if len(self._mean) not in (0, replicas):
                known, rows = 0, 0
            grown = np.zeros((2, replicas, 2, channels))
            grown[0, :, :, :known] = self._mean[:, :, :known] if known else 0
            grown[1, :, :, :known] = self._square[:, :, :known] if known else 0
            self._mean, self._square = grown
            self._compared = np.append(self._compared[:rows], np.zeros(layers - rows))

    def _average(self, batch: Floats, owner: npt.NDArray[np.int64], layers: int) -> None:
        finite = np.isfinite(batch).all(axis=(0, 1))
        usable = np.ones(layers, bool)
        usable[owner[~finite]] = False
        self._compared[usable] += 1
        channels = usable[owner]
        weight = 1 / np.minimum(self._compared[owner[channels]], REMEMBERED)
        away = batch[:, :, channels] - self._mean[:, :, channels]
        self._mean[:, :, channels] += weight * away
        square = self._square[:, :, channels]
        self._square[:, :, channels] = (1 - weight) * (square + weight * away**2)

    def _columns(
        self,
        new: Floats,
        layout: Layout,
        owner: npt.NDArray[np.int64],
        scale: Floats,
        epsilon: Floats,
    ) -> dict[str, Floats]:
        count = np.minimum(self._compared[owner], REMEMBERED)
        mean, ratio = self._mean[:, 0], np.maximum(self._mean[:, 1], 1e-12)
        # Of a difference between two replicas. Distances from a mean of the replicas vary less
        # than their batches do.
        errors = np.sqrt(2 * self._square / np.maximum(count - 1, 1))
        errors[:, 0] *= np.sqrt(len(new) / (len(new) - 1))
        copies = np.maximum(new[:, 1], 0) + epsilon
        values = [
            np.minimum(np.ptp(new[:, 0], axis=0) / np.sqrt(scale), np.ptp(mean, axis=0)),
            np.minimum(np.ptp(np.log(copies), axis=0), np.ptp(np.log(ratio), axis=0)),
            np.sqrt((errors[:, 0] ** 2).mean(axis=0)),
            np.sqrt(((errors[:, 1] / ratio) ** 2).mean(axis=0)),
        ]
        median, _ = layout.quantiles(np.stack(values), 0.5)
        far = (median[0] > REPLICA_MEAN_SHARE) | (median[1] > np.log(REPLICA_VARIANCE_FACTOR))
        far &= self._compared >= COMPARED_AT_LEAST
        names = ("mean_gap", "variance_gap", "mean_error", "variance_error")
        return {
            f"replica_{name}": np.where(far, value, 0.0)
            for name, value in zip(names, median, strict=True)
        }


def copies_at_start(
    reading: Reading, last: Reading | None, mean: Values, variance: Values, split: int
) -> npt.NDArray[np.float32] | None:
    """The other replicas' copies [replicas - 1, 2, channels] that later ones are compared with.

    Args:
        reading: the first of a kind.
        last: the one before, of the channels up to `split`; None where there is none.
        mean: [channels] that the first replica's copy is compared with; new layers begin with the
            same values on all replicas.
        variance: the same.
        split: where the channels of new layers begin.
    """
    if reading.other_copies is None:
        return None
    others = np.array(np.broadcast_to(np.stack([mean, variance]), reading.other_copies.shape))
    if last is not None and last.other_copies is not None:
        others[:, :, :split] = last.other_copies[:, :, :split]
    return others.astype(np.float32)


def _all_copies(reading: Reading) -> Floats:
    """Mean and variance [replicas, 2, channels], the first replica's first."""
    assert reading.other_copies is not None
    first = np.stack([reading.mean, reading.variance])[None]
    return np.concatenate([first, reading.other_copies]).astype(np.float64)
