"""Attribution of the mode gap: which layers cause it, in few passes of the model.

The held batch is run with the moving statistics of one layer, or of a group, and with the right
ones in all others: those of what enters a layer where all layers before it are right. So what one
layer does wrong is neither hidden nor healed by another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from tb_bnplugin.measure.probed_layer import Entered

Floats = npt.NDArray[np.float64]
Score = Literal["loss", "accuracy", "outputs"]
"""The measure in which the gap is attributed."""

MORE_PASSES: Final = 8
"""Passes of the model beside the logarithm of the number of layers."""

WORTH_ACCURACY: Final = 0.02
"""Share of the rows: less is nothing that a user would see."""

WORTH_LOSS: Final = 1.2
"""Factor of the loss, and 1 + the distance of the outputs by their scale."""

ERRORS: Final = 6.0
"""Standard errors of the held batch beyond which a layer is suspected: four, and those of the
moving statistics themselves."""

SUSPECTED: Final = 0.1
"""Root of the mean square of both gaps that a suspected layer has at least."""

LARGE_GROUP: Final = 0.1
"""Share of all from which a group of layers is worth a closer look."""

NEXT_TO_NOTHING: Final = 1e-4
"""Share of the gap: where the layers, one by one, cost less, it comes from several together."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """The part of a layer in the gap."""

    share: float  # of what all layers cost, measured alone or in groups; below 0: it helps
    together: int  # layers that were measured together, 1: alone


def score_of_gap(
    moving: Mapping[str, float], batch: Mapping[str, float], distance: float
) -> Score | None:
    """The measure in which moving and batch statistics differ enough to ask for the layers.

    Classes are judged by their accuracy alone, since a loss near 0 may double with no harm.

    Args:
        moving, batch: values of PROBE_COLUMNS.
        distance: root mean square of the outputs' difference, by their scale.
    """
    lost = batch["accuracy"] - moving["accuracy"]
    loss, batch_loss = moving["loss"], batch["loss"]
    factor = math.log(loss / batch_loss) if 0 < loss < math.inf and batch_loss > 0 else math.nan
    by_loss = abs(factor) > math.log(WORTH_LOSS)
    if math.isfinite(lost):
        if abs(lost) <= WORTH_ACCURACY:
            return None
        return "loss" if by_loss and (factor > 0) == (lost > 0) else "accuracy"
    if math.isfinite(loss) or math.isfinite(batch_loss):
        return "loss" if by_loss else None
    return "outputs" if WORTH_LOSS - 1 < distance < math.inf else None


def suspicion(
    entered: Entered, moving_mean: Floats, moving_variance: Floats, epsilon: float
) -> tuple[float, bool]:
    """How far the statistics are from those of what enters, over all channels; and beyond chance.

    The root of the mean square over the channels: a few channels that are far off count.
    """
    square = entered.variance + epsilon
    with np.errstate(all="ignore"):
        off = np.square(moving_mean - entered.mean) / square
        off += np.square(np.log((moving_variance + epsilon) / square))
        noise = np.square(entered.mean_error) / square
        noise += np.square(entered.variance_error / square)
        size, chance = float(np.sqrt(off.mean())), float(np.sqrt(noise.mean()))
    if not math.isfinite(size):
        return math.inf, True
    return size, size > max(SUSPECTED, ERRORS * chance)


def passes_for(layers: int) -> int:
    """The passes that attribution takes at most, beside the one that finds the right statistics."""
    return math.floor(math.log2(max(layers, 1))) + MORE_PASSES - 1


def attribute(
    order: Sequence[int], suspected: int, cost: Callable[[frozenset[int]], float], passes: int
) -> dict[int, Share]:
    """The part of each layer in the gap.

    With very few layers each is measured in two ways, and the mean of both is its part: what it
    costs alone, and what goes away when it alone is right. With few, what each costs alone. With
    many, those that are suspected are, as far as the
    passes go; all others are one group, which is halved as long as it costs much.

    Args:
        order: keys of the layers, those most suspected first.
        suspected: how many of them are, beyond chance.
        cost: the cost of the moving statistics of these layers alone, as a share of the gap.
        passes: calls of `cost` at most.

    Returns:
        Nothing where the layers cost nothing one by one.
    """
    left = passes
    costs: dict[tuple[int, ...], float] = {}

    both_ways = 1 < len(order) <= passes // 2

    def measure(group: Sequence[int]) -> None:
        nonlocal left
        left -= 1
        value = cost(frozenset(group))
        if both_ways:
            left -= 1
            value = (value + 1.0 - cost(frozenset(order) - frozenset(group))) / 2
        costs[tuple(group)] = value

    alone = len(order) if len(order) <= passes else min(suspected, passes - 1)
    for layer in order[:alone]:
        measure([layer])
    if order and not alone:
        costs[tuple(order)] = 1.0  # all of them cost the gap
    elif order[alone:]:
        measure(order[alone:])
    while left >= 2 and (group := _largest_group(costs)) is not None:
        del costs[group]
        middle = (len(group) + 1) // 2
        measure(group[:middle])
        measure(group[middle:])
    total = _total(costs)
    if total < NEXT_TO_NOTHING:
        return {}
    return {
        layer: Share(share=value / total, together=len(group))
        for group, value in costs.items()
        if math.isfinite(value)
        for layer in group
    }


def _total(costs: Mapping[tuple[int, ...], float]) -> float:
    return sum(max(value, 0.0) for value in costs.values() if math.isfinite(value))


def _largest_group(costs: Mapping[tuple[int, ...], float]) -> tuple[int, ...] | None:
    """The group of several layers that costs most; None where none costs much."""
    groups = {group: value for group, value in costs.items() if len(group) > 1 and value > 0}
    if not groups or (total := _total(costs)) < NEXT_TO_NOTHING:
        return None
    largest = max(groups, key=lambda group: groups[group])
    return largest if groups[largest] >= LARGE_GROUP * total else None
