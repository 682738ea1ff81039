"""Puts records in order: by step, what a restart repeats replaced, one record a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.history.model import Floats, Steps
from tb_bnplugin.schema.records import Record


@dataclass(frozen=True, kw_only=True)
class Order:
    """Which records stay, in the order of their steps, and what the processes were."""

    kept: npt.NDArray[np.intp]  # indices into the records given, ascending in step
    process: npt.NDArray[np.intp]  # [kept] ordinal of the process of each
    replaced: int  # records of a kept process and range that a newer one of the step replaced
    superseded: tuple[int, int, int] | None  # records of steps that a newer process repeats:
    # first and last step, and how many; None: there are none
    starts: Floats  # [processes] when each process began, seconds, ascending
    limits: Steps  # [processes + 1] steps from here on are repeated by this process or a later one


CLOCKS_DIFFER: Final = 5.0
"""Seconds by which the clocks of two machines may differ that continue one training."""

_NO_LIMIT = np.iinfo(np.int64).max


def order_records(steps: Steps, wall_times: Floats, started: Floats) -> Order:
    """The order of records.

    A newer process supersedes the records of older ones from its first step on; within a
    process the newest record of a step stays.

    Args:
        steps: [records] global train steps.
        wall_times: [records] seconds.
        started: [records] when the process of each began; NaN: not known, the oldest.
    """
    known = np.where(np.isfinite(started), started, -np.inf)
    starts, process = np.unique(known, return_inverse=True)
    first = np.full(len(starts), _NO_LIMIT)
    np.minimum.at(first, process, steps)
    limits = np.append(np.minimum.accumulate(first[::-1])[::-1], _NO_LIMIT)
    valid = np.flatnonzero(steps < limits[process + 1])
    by_step = valid[np.lexsort((wall_times[valid], steps[valid]))]
    last_of_step = np.ones(len(by_step), bool)
    last_of_step[:-1] = steps[by_step[1:]] != steps[by_step[:-1]]
    kept = by_step[last_of_step]
    return Order(
        kept=kept,
        process=process[kept],
        replaced=len(by_step) - len(kept),
        superseded=_span(np.delete(steps, valid)),
        starts=starts,
        limits=limits,
    )


def superseded_note(order: Order) -> tuple[str, ...]:
    """One line about the records that were left out, () where there are none."""
    if order.superseded is None:
        return ()
    first, last, count = order.superseded
    where = f"step {first}" if first == last else f"steps {first} to {last}"
    records = "1 record" if count == 1 else f"{count} records"
    text = (
        f"{records} of {where} left out: a process that started later trained from an earlier step"
        " on again, and its records stand for them"
    )
    return (text,)


def _span(steps: Steps) -> tuple[int, int, int] | None:
    return (int(steps.min()), int(steps.max()), len(steps)) if len(steps) else None


def count_beside(order: Order, started: Floats, wall_times: Floats) -> int:
    """Number of records left out that were written while a newer process wrote to the same log.

    A process that ended before the next one began, as with a restart, has none.

    Args:
        order: of the records.
        started: [records] as `order_records` has them.
        wall_times: [records] seconds.
    """
    known = np.isfinite(started)
    known[order.kept] = False
    following = np.searchsorted(order.starts, started[known], side="right")
    next_start = np.append(order.starts, np.inf)[following]
    return int((wall_times[known] > next_start + CLOCKS_DIFFER).sum())


def drop_superseded(order: Order, records: Sequence[Record]) -> list[Record]:
    """The records that no later process repeats; for kinds that do not name their process.

    Such a record belongs to the process that ran when it was written.
    """
    wall_times = np.array([record.wall_time for record in records], np.float64)
    steps = np.array([record.step for record in records], np.int64)
    later = np.searchsorted(order.starts, wall_times, side="right")
    return [records[index] for index in np.flatnonzero(steps < order.limits[later]).tolist()]
