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
    repeated: tuple[int, int, int] | None  # the same, of steps that their own process repeats
    starts: Floats  # [processes] when each process began, seconds, ascending
    limits: Steps  # [processes + 1] steps from here on are repeated by this process or a later one


CLOCKS_DIFFER: Final = 5.0
"""Seconds by which the clocks of two machines may differ that continue one training."""

Bools = npt.NDArray[np.bool_]

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
        repeated=_repeated(steps[by_step], wall_times[by_step], process[by_step], last_of_step),
        starts=starts,
        limits=limits,
    )


def superseded_note(order: Order) -> tuple[str, ...]:
    """One line about the records that were left out, () where there are none."""
    if order.superseded is None:
        return ()
    text = (
        f"{_records(order.superseded)} left out: a process that started later trained from an"
        " earlier step on again, and its records stand for them"
    )
    return (text,)


def repeated_note(order: Order) -> tuple[str, ...]:
    """One line about the records that later ones of their process hide, () where there are none."""
    if order.repeated is None:
        return ()
    text = (
        f"{_records(order.repeated)} hidden: the same program recorded these steps of the model"
        " again, and what came last is shown: give each training a folder of its own"
    )
    return (text,)


def _records(span: tuple[int, int, int]) -> str:
    first, last, count = span
    where = f"step {first}" if first == last else f"steps {first} to {last}"
    return f"{'1 record' if count == 1 else f'{count} records'} of {where}"


def _repeated(
    steps: Steps, wall_times: Floats, process: npt.NDArray[np.intp], last_of_step: Bools
) -> tuple[int, int, int] | None:
    """The records that a later training of the same process hides: between the two are others.

    Several records of one step in a row, as of its end and of an evaluation, are of one training.

    Args:
        steps, wall_times, process: [records] by step, and of a step by time.
        last_of_step: [records] the newest of its step.
    """
    moment = np.empty(len(steps), np.intp)  # ordinal of each among the times of its process
    in_time = np.lexsort((wall_times, process))
    differs = (np.diff(wall_times[in_time]) != 0) | (np.diff(process[in_time]) != 0)
    moment[in_time] = np.cumsum(np.r_[0, differs][: len(steps)])
    older = np.flatnonzero(~last_of_step)
    older = older[process[older] == process[older + 1]]
    hidden = older[moment[older + 1] - moment[older] > 1]
    several = len(np.unique(steps[hidden])) > 1  # one may be a clock that was put back
    return _span(steps[hidden]) if several else None


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
