"""The report of a preflight: outcomes of the rules, and facts; as an object and as text."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tb_bnplugin.diagnose import Outcome, unexplained_factors
from tb_bnplugin.diagnose.views.answers import Findings
from tb_bnplugin.diagnose.views.plain import worst_first
from tb_bnplugin.diagnose.views.words import SEVERITIES, plural
from tb_bnplugin.preflights.facts import facts_of
from tb_bnplugin.preflights.later import judged
from tb_bnplugin.training import live
from tb_bnplugin.training.recorder import Recorder

_WIDTH: Final = 100

_SHOWN: Final = 3
"""Layers of a finding that are named."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PreflightReport:
    """The report on what training will do, by a few steps that were taken back.

    Attributes:
        model: name of the model.
        step: whose steps were made: "fit", or the name of the program's own.
        rows: of the batch.
        outcomes: the answer of every rule: a finding, ok, or not checked with the reason.
        facts: what the steps showed, a line each.
        unexplained: factors of the loss in one step of which no finding tells, as "1/64 (rows)".
    """

    model: str
    step: str
    rows: int
    outcomes: tuple[Outcome, ...]
    facts: tuple[str, ...] = ()
    unexplained: tuple[str, ...] = ()

    def findings(self) -> tuple[Outcome, ...]:
        """The findings, by the rules that `tb_bnplugin.check` runs on a log; the worst first."""
        return tuple(worst_first(Findings(self.outcomes)))

    def ok(self) -> bool:
        """True where nothing was found that is an error or a warning."""
        return not any(each.severity in ("error", "warning") for each in self.findings())

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        outcomes = [outcome.to_json() for outcome in self.outcomes]
        facts = list(self.facts)
        given = {"model": self.model, "step": self.step, "rows": self.rows}
        known = {"facts": facts, "unexplained": list(self.unexplained), "outcomes": outcomes}
        return {"schema_version": 1, **given, **known}

    def __repr__(self) -> str:
        """The report itself: what a notebook, and a failing assertion, show."""
        return str(self)

    def __str__(self) -> str:
        """The report as text."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        rows = f"{self.rows} row" + ("" if self.rows == 1 else "s")
        yield f"preflight of {self.model!r}, steps of {self.step} on one batch of {rows}"
        yield from _wrapped(self._summary(), 2)
        for line in self.facts:
            yield from _wrapped(f"  {line}", 13)
        for finding in self.findings():
            yield ""
            yield from _finding(finding)

    def _summary(self) -> str:
        counts = Counter(each.severity for each in self.findings())
        found = [plural(counts[each], each) for each in SEVERITIES if counts[each]]
        rest = Counter(each.status for each in self.outcomes)
        unknown = f", {rest['not_checked']} not checked" if rest["not_checked"] else ""
        crashed = f", {rest['crashed']} crashed" if rest["crashed"] else ""
        begin = ", ".join(found) or "nothing found"
        return f"{begin} ({rest['ok']} passed{unknown}{crashed}){self._factors()}"

    def _factors(self) -> str:
        """The end of the sum where a step has a factor of which no finding tells."""
        if not self.unexplained:
            return ""
        begin = "and" if self.findings() else "but"
        of = ", ".join(f"{factors} x the mean loss" for factors in self.unexplained)
        return f", {begin} no rule says why one step is of {of}: is that meant?"


def make_report(step: str, rows: int, recorder: Recorder, unseen: str | None) -> PreflightReport:
    """The report of what was recorded.

    Args:
        step: whose steps were made.
        rows: of the batch.
        recorder: of the model.
        unseen: why the model could not be evaluated; None: it was, or nobody asked for it.
    """
    models = live.history_of(recorder.live).models
    outcomes = judged(recorder.outcomes(), models)
    of_models = {
        model.facts.name: unexplained_factors(
            model, [each for each in outcomes if each.model == model.facts.name]
        )
        for model in models
    }
    facts = [line for model in models for line in facts_of(model)]
    if unseen is not None:
        facts.append(f"{'evaluation':<11}not seen: {unseen}")
    return PreflightReport(
        model=recorder.name,
        step=step,
        rows=rows,
        outcomes=outcomes,
        facts=tuple(facts),
        unexplained=tuple(each for each in of_models.values() if each is not None),
    )


def _finding(outcome: Outcome) -> Iterator[str]:
    place = "" if outcome.place is None else f"{outcome.place}: "
    yield f"  {place}{outcome.severity} {outcome.code} {outcome.name}"
    if outcome.place is not None:
        yield f"    line: {outcome.place.text}"
    if outcome.layers:
        more = ", ..." if len(outcome.layers) > _SHOWN else ""
        layers = ", ".join(outcome.layers[:_SHOWN]) + more
        yield f"    {len(outcome.layers)} layer{'s' if len(outcome.layers) > 1 else ''}: {layers}"
    yield from _wrapped(f"    {outcome.message}", 4)
    if outcome.fix:
        yield from _wrapped(f"    fix: {outcome.fix}", 6)


def _wrapped(line: str, indent: int) -> list[str]:
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
