"""The text of `tb-bnplugin check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tb_bnplugin.cli.style import Style, cut, printable
from tb_bnplugin.diagnose import Outcome, explain
from tb_bnplugin.diagnose.needs import for_want_of_data
from tb_bnplugin.diagnose.views.words import (
    SEVERITIES,
    layers,
    line_of,
    plural,
    short,
    steps,
    value,
)
from tb_bnplugin.logs.check import Report, RunReport
from tb_bnplugin.printed import run_name

SHOWN_LINES: Final = 20
"""Notes of a run, reasons, and the like: of each the first, and the number of the others."""
SHOWN_FINDINGS: Final = 100
SHOWN_RUNS: Final = 500
SHOWN_MODELS: Final = 8


def check_text(report: Report, style: Style) -> str:
    """The report of a log folder as text: the findings of each run, then a summary."""
    explained: set[str] = set()
    blocks = [_run(run, style, explained) for run in report.runs[:SHOWN_RUNS]]
    blocks += _more(report.runs, SHOWN_RUNS, "runs")
    compared = [outcome for outcome in report.comparisons if outcome.status == "finding"]
    title = style.paint("Runs compared", "bold")
    if report.comparisons and not compared:
        blocks.append("\n".join([f"{title}: nothing found", *_why_nothing(report, style)]))
    if compared:
        findings = (_finding(outcome, style, explained) for outcome in compared[:SHOWN_FINDINGS])
        more = _more(compared, SHOWN_FINDINGS, "findings")
        blocks.append("\n\n".join([title, *findings, *more]))
    blocks += _listed("note", report.notes, style)
    blocks.append(_summary(report, style))
    return "\n\n".join(blocks)


def _why_nothing(report: Report, style: Style) -> list[str]:
    """Which comparisons passed, and which could not be made."""
    passed = sorted({outcome.code for outcome in report.comparisons if outcome.status == "ok"})
    others = Counter(
        f"{outcome.code}: {outcome.reason}"
        for outcome in report.comparisons
        if outcome.status != "ok"
    )
    lines = [f"{line} ({plural(count, 'comparison')})" for line, count in others.items()]
    shown = _listed("not checked", lines, style)
    return [*shown, *(_listed("passed", [", ".join(passed)], style) if passed else [])]


def _run(run: RunReport, style: Style, explained: set[str]) -> str:
    parts = ["\n".join([_head(run, style), *_step(run, style)])]
    findings = sorted(
        (outcome for outcome in run.outcomes if outcome.status == "finding"),
        key=lambda outcome: (outcome.expected, SEVERITIES.index(outcome.severity)),
    )
    several = len(run.models) > 1
    wrong = [outcome for outcome in findings if not outcome.expected]
    parts += [
        _finding(outcome, style, explained, of_model=several) for outcome in wrong[:SHOWN_FINDINGS]
    ]
    parts += _more(wrong, SHOWN_FINDINGS, "findings")
    expected = [
        f"{_of_model(outcome, several=several)}{outcome.code} {outcome.name}: {outcome.message}"
        for outcome in findings
        if outcome.expected
    ]
    facts = [
        f"{_of_model(outcome, several=several)}{outcome.code}: {outcome.message}"
        for outcome in run.outcomes
        if outcome.fact
    ]
    tail = _listed("expected", expected, style)
    tail += _listed("fact", facts, style)
    for status in ("not_checked", "crashed"):
        lines = _by_reason(status, run.outcomes, several=several)
        tail += _listed(status.replace("_", " "), lines, style)
    tail += _listed("note", run.notes, style)
    passed = sorted({outcome.code for outcome in run.outcomes if outcome.status == "ok"})
    if passed:
        tail += _listed("passed", [", ".join(passed)], style)
    if tail:
        parts.append("\n".join(tail))
    return "\n\n".join(parts)


def _head(run: RunReport, style: Style) -> str:
    facts = [short(run.keras)] if run.keras else []
    several = len(run.models) > 1
    if not run.models:
        facts.append("losses of a loop whose model is not watched")
    for name, count in run.models[:SHOWN_MODELS]:
        counted = f"{count} BN layer" + ("" if count == 1 else "s")
        facts.append(f"{short(name)}: {counted}" if several else counted)
    facts += (line.strip() for line in _more(run.models, SHOWN_MODELS, "models"))
    facts.append(steps(*run.steps) if run.steps else "no records of layers")
    return (
        f"{style.paint(cut(printable(run_name(run.run))), 'bold')}  ({printable(', '.join(facts))})"
    )


def _step(run: RunReport, style: Style) -> list[str]:
    """A line for each model of which it is known what one step of the optimizer is."""
    several = len(run.models) > 1
    return [
        style.wrap(
            f"{f'{short(name)}: ' if several else ''}one step = {cut(printable(text))}",
            first="  ",
        )
        for name, text in run.step[:SHOWN_MODELS]
    ]


def _finding(outcome: Outcome, style: Style, explained: set[str], *, of_model: bool = False) -> str:
    """The lines of a finding. Why it matters is printed once for each rule."""
    where = [short(outcome.model)] if of_model and outcome.model else []
    if outcome.steps:
        where.append(steps(*outcome.steps))
    severity = style.paint(f"{outcome.severity} {outcome.code}", outcome.severity)
    place = "" if outcome.place is None else f"{cut(printable(str(outcome.place)))}: "
    lines = [f"  {place}{severity} {style.paint(outcome.name, 'bold')}{', '.join(['', *where])}"]
    if outcome.place is not None:
        lines += [_labelled("line", line_of(outcome.place), style)]
    if outcome.runs:
        lines.append(_labelled("runs", " against ".join(map(run_name, outcome.runs)), style))
    if outcome.layers:
        lines.append(_labelled(plural(len(outcome.layers), "layer"), layers(outcome), style))
    lines.append(style.wrap(cut(outcome.message), first="    "))
    if outcome.evidence and outcome.severity != "info":
        evidence = ", ".join(f"{name} {value(of)}" for name, of in outcome.evidence.items())
        lines.append(_labelled("evidence", evidence, style))
    if outcome.code not in explained and outcome.severity != "info":
        why = explain(outcome.code).section("Why it matters").split("\n\n")[0].replace("\n", " ")
        lines.append(_labelled("why", why, style))
    if outcome.fix:
        lines.append(_labelled("fix", outcome.fix, style))
    if outcome.code not in explained:
        lines.append(_labelled("more", f"tb-bnplugin rules {outcome.code}", style))
        explained.add(outcome.code)
    return "\n".join(lines)


def _by_reason(status: str, outcomes: Iterable[Outcome], *, several: bool) -> list[str]:
    """One line for each reason, with the codes of the rules that share it.

    `several`: there are several models, and each line names its own.
    """
    codes: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        if outcome.status == status:
            reason = f"{_of_model(outcome, several=several)}{outcome.reason or 'no reason given'}"
            codes.setdefault(reason, {})[outcome.code] = None
    return [f"{', '.join(shared)}: {reason}" for reason, shared in codes.items()]


def _of_model(outcome: Outcome, *, several: bool) -> str:
    return f"{short(outcome.model)}: " if several and outcome.model else ""


def _summary(report: Report, style: Style) -> str:
    severities = Counter(outcome.severity for outcome in report.findings)
    statuses = Counter(outcome.status for outcome in report.outcomes)
    runs = plural(len(report.runs), "run")
    if not severities:
        found = style.paint("nothing found", "bold")
    else:
        found = ", ".join(
            style.paint(plural(severities[severity], severity), severity)
            for severity in SEVERITIES
            if severities[severity]
        )
    rest = [
        f"{count} {word}"
        for count, word in (
            (sum(entry.expected for entry in report.outcomes), "expected"),
            (statuses["ok"], "passed"),
            (statuses["not_checked"], "not checked"),
            (statuses["crashed"], "crashed"),
        )
        if count
    ]
    unseen = for_want_of_data(report.outcomes)
    rest += [unseen] if unseen else []
    return f"{runs}: {found}" + (f" ({', '.join(rest)})" if rest else "")


def _labelled(label: str, text: str, style: Style) -> str:
    wrapped = style.wrap(cut(text), first=f"    {label}: ", rest="      ")
    return wrapped.replace(label, style.paint(label, "dim"), 1)


def _listed(label: str, lines: Sequence[str], style: Style) -> list[str]:
    """Each line under its label."""
    painted = style.paint(label, "dim")
    wrapped = (
        style.wrap(cut(line), first=f"  {label}: ", rest="    ") for line in lines[:SHOWN_LINES]
    )
    shown = [line.replace(label, painted, 1) for line in wrapped]
    return shown + _more(lines, SHOWN_LINES, f'lines of "{label}"')


def _more(every: Sequence[object], shown: int, what: str) -> list[str]:
    """A line that says how many were left out; none where all are shown."""
    return [f"  and {len(every) - shown} more {what}"] if len(every) > shown else []
