"""The group "findings" of `make bench`: all programs, as figures beside their limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure
from benchmarks.findings import table
from benchmarks.findings.results import FLAVOURS, Result
from benchmarks.findings.runner import programs, run_all
from benchmarks.findings.score import Score, score


def run(names: Sequence[str] = ()) -> Iterator[Figure]:
    """The figures of both flavours; each program's line is printed as it ends."""
    results: list[Result] = []
    for result in run_all(programs(names)):
        results.append(result)
        print(f"    {table.line(result)}", flush=True)
    for flavour in FLAVOURS:
        yield from figures_of(score(results, flavour))


def figures_of(each: Score) -> Iterator[Figure]:
    """The figures of one flavour. What could not be measured has no figure."""
    name = each.flavour
    missed = each.expected - each.found
    if each.expected:
        yield Figure(
            name=f"{name}: share of expected codes not found",
            value=missed / each.expected,
            limit=0.05,
            unit="",
            note=f"{each.found} of {each.expected} found, {each.faulty} faulty programs",
        )
    if each.marked:
        yield Figure(
            name=f"{name}: share of findings at another line than the marked",
            value=each.elsewhere / each.marked,
            limit=0.05,
            unit="",
            note=f"{each.marked - len(each.misplaced)} of {each.marked} at that line",
        )
    yield _count(f"{name}: false alarms", each.alarms, f"{each.healthy} healthy programs")
    for what, value, limit in (
        ("median", each.median_lateness, 2),
        ("worst", each.worst_lateness, 5),
    ):
        if value is not None:
            yield Figure(
                name=f"{name}: lateness, {what}",
                value=value,
                limit=limit,
                unit="calls",
                note=f"{len(each.lateness)} programs",
            )
    yield _count(f"{name}: programs changed by being watched", each.changed)
    yield _count(f"{name}: programs that are not what they say", each.invalid)
    yield _count(f"{name}: rules that crashed", each.crashed)


def _count(name: str, entries: Sequence[str], note: str = "") -> Figure:
    text = ", ".join(entries) or note
    return Figure(name=name, value=len(entries), limit=0, unit="", note=text)
