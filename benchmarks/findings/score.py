"""The totals of a flavour: recall, right lines, false alarms, lateness, changed programs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.findings.results import Result


@dataclass(frozen=True, kw_only=True)
class Score:
    """What all programs of one flavour come to. Programs that are not valid count nowhere else."""

    flavour: str
    faulty: int  # programs with something to find
    healthy: int  # programs with nothing to find
    invalid: tuple[str, ...]  # died, or are not what they say they are
    expected: int  # codes, over the faulty programs
    found: int  # of those
    marked: int  # codes found whose line the program marks, over the faulty programs
    misplaced: tuple[str, ...]  # "NAME CODE at FILE:LINE", of those not at that line
    alarms: tuple[str, ...]  # "NAME CODE severity", where nothing is wrong
    told: tuple[str, ...]  # "NAME CODE severity", by healthy programs' consoles
    lateness: tuple[int, ...]  # calls, one for each faulty program that was found in time to tell
    changed: tuple[str, ...]  # programs that run differently when watched
    unrepeatable: tuple[str, ...]  # programs that differ from run to run, watched or not
    crashed: tuple[str, ...]  # "NAME CODE", rules that crashed
    seconds: float

    @property
    def recall(self) -> float | None:
        """Found codes over expected codes; None where nothing is expected."""
        return self.found / self.expected if self.expected else None

    @property
    def placed(self) -> float | None:
        """Findings at the marked line over those that have one; None where no line is marked."""
        return (self.marked - len(self.misplaced)) / self.marked if self.marked else None

    @property
    def elsewhere(self) -> int:
        """Findings at another line than the marked; the others that are not there have no place."""
        return sum(" at " in wrong for wrong in self.misplaced)

    @property
    def median_lateness(self) -> float | None:
        """None where no finding has a lateness."""
        return statistics.median(self.lateness) if self.lateness else None

    @property
    def worst_lateness(self) -> int | None:
        """None where no finding has a lateness."""
        return max(self.lateness, default=None)


def score(results: Sequence[Result], flavour: str) -> Score:
    """The totals over the results of one flavour."""
    mine = [result for result in results if result.flavour == flavour]
    valid = [result for result in mine if result.valid]
    faulty = [result for result in valid if result.faulty]
    healthy = [result for result in valid if not result.faulty]
    return Score(
        flavour=flavour,
        faulty=len(faulty),
        healthy=len(healthy),
        invalid=tuple(result.name for result in mine if not result.valid),
        expected=sum(len(result.expected) for result in faulty),
        found=sum(len(result.expected) - len(result.missed) for result in faulty),
        marked=sum(len(result.marked or ()) for result in faulty),
        misplaced=tuple(
            f"{result.name} {code} {where}"
            for result in faulty
            for code, where in result.wrong_places
        ),
        alarms=tuple(
            f"{result.name} {found.code} {found.severity}"
            for result in healthy
            for found in result.alarms
        ),
        told=tuple(f"{result.name} {told}" for result in healthy for told in result.told),
        lateness=tuple(result.lateness for result in faulty if result.lateness is not None),
        changed=tuple(result.name for result in valid if result.changed),
        unrepeatable=tuple(result.name for result in valid if result.changed is None),
        crashed=tuple(f"{result.name} {code}" for result in mine for code in result.crashed),
        seconds=sum(result.seconds for result in mine),
    )
