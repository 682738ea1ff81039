"""Work beside the training: in order, gathered, and done where somebody waits for it."""

from __future__ import annotations

import threading

import pytest

from tb_bnplugin.training import queue
from tb_bnplugin.training.queue import CAPACITY, GATHERED, WorkQueue

FOREVER = 3600.0


@pytest.fixture(autouse=True)
def _gathers_until_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "GATHER_SECONDS", FOREVER)


def test_one_that_waits_gets_all_work_done_in_order() -> None:
    """`finish` ends the gathering: nothing is lost, nothing changes places."""
    done: list[int] = []
    work = WorkQueue()
    for number in range(GATHERED - 1):
        work.put(lambda number=number: done.append(number))  # type: ignore[misc]
    work.finish()
    assert done == list(range(GATHERED - 1))


def test_work_waits_for_other_work_and_is_done_when_there_is_enough() -> None:
    """Less than that is not begun; so many that wait beside the one that was taken begin all."""
    begun, full = threading.Event(), threading.Event()
    work = WorkQueue()
    work.put(begun.set)
    for _ in range(GATHERED - 2):
        work.put(lambda: None)
    assert not begun.wait(0.05)
    work.put(lambda: None)
    work.put(full.set)
    assert full.wait(FOREVER)
    assert begun.is_set()


def test_work_is_begun_after_a_while_though_nothing_else_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A training whose steps take seconds is told of in time."""
    monkeypatch.setattr(queue, "GATHER_SECONDS", 0.01)
    begun = threading.Event()
    WorkQueue().put(begun.set)
    assert begun.wait(FOREVER)


def test_more_than_may_wait_is_done_nevertheless() -> None:
    """The thread that trains waits for room, and not for a second each time."""
    done: list[int] = []
    work = WorkQueue()
    for number in range(3 * CAPACITY):
        work.put(lambda number=number: done.append(number))  # type: ignore[misc]
    work.finish()
    assert done == list(range(3 * CAPACITY))


def test_what_work_raises_is_raised_where_somebody_waits_and_the_rest_is_done() -> None:
    """Once: the next who waits gets nothing of it."""
    done: list[str] = []
    work = WorkQueue()

    def fails() -> None:
        raise RuntimeWarning("said as an error")

    work.put(fails)
    work.put(lambda: done.append("next"))
    with pytest.raises(RuntimeWarning, match="said as an error"):
        work.finish()
    assert done == ["next"]
    work.finish()


def test_work_that_is_handed_over_by_work_is_done_at_once() -> None:
    """Else the thread would wait for itself."""
    done: list[str] = []
    work = WorkQueue()

    def outer() -> None:
        work.put(lambda: done.append("inner"))
        done.append("outer")

    work.put(outer)
    work.finish()
    assert done == ["inner", "outer"]
