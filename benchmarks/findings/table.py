"""The results as text for the console, and as the page `docs/benchmark.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.findings.results import FLAVOURS, Found, Result
from benchmarks.findings.score import Score, score

_HEADERS = ("program", "flavour", "expected", "missed", "found beyond", "told", "late", "changed")
_NAMES = {"keras": "Keras 3", "tf_keras": "tf_keras"}

_INTRODUCTION = """\
# What is found, and what is told wrongly

Written by `python -m benchmarks.findings --write`; the numbers change only when that is run again.

Each program in `benchmarks/findings/` is small, written as a user writes it, after a real report \
(a faulty one) or a public example or legitimate use (a healthy one). It proves by its own \
numbers, without tb_bnplugin, that its fault is there or that it trains well. It runs unwatched \
and watched in a process of its own, on both flavours; then `tb_bnplugin.check` reads its log. \
The faulty programs were written from the reports, without looking at the rules. Where a false \
alarm or a miss is found elsewhere, the program joins these and the rule is mended: for such \
programs this is a test rather than a measure.

- **Recall**: expected codes that were found, of all expected codes of the faulty programs. A \
fault that a flavour does not have is not expected there; the program counts as healthy.
- **Places**: findings at the line that has to be changed, of all that were found and whose \
program marks that line. A program whose fault is no line of its own, such as its data, \
marks none. A finding with no place is not right, but sends nobody to a wrong line.
- **False alarms**: errors and warnings where nothing is wrong, but for those the program \
declares with `expect=`.
- **Told on the way**: errors and warnings that a healthy program's console showed as it ran, \
whether they stood in the end or not. (What ends by itself, BN201, is told when training ends in \
it; who asks `check` between an early validation and its end is shown it as a warning.)
- **Lateness**: calls (batches, epochs, evaluations, records) from the first at which the fault \
can be seen by independent means to the first at which it is found. What only the finished log \
shows came one call after the last. Comparisons of runs are made of finished logs, and have none.
- **Changed**: programs whose final weights differ by a bit when they are watched.
"""


def line(result: Result) -> str:
    """One result in one line, with what is wrong with the program itself below it."""
    state = "ok  " if result.valid and not result.missed and not result.alarms else "MISS"
    if result.alarms:
        state = "ALRM"
    if not result.valid:
        state = "BAD "
    cells = dict(zip(_HEADERS, _cells(result), strict=True))
    text = " ".join(f"{name} {cell}" for name, cell in list(cells.items())[2:] if cell)
    lines = [
        f"{state} {result.kind}/{result.name} {result.flavour}  {text}  {result.seconds:.1f} s"
    ]
    lines += [f"       not held: {proof.text}" for proof in result.proofs if not proof.held]
    if result.faulty and not result.error and result.evidence_call is None:
        lines.append("       the evidence was never seen")
    if not result.error and not result.proofs:
        lines.append("       the program proves nothing")
    lines += [f"       not at the marked line: {each}" for each in result.misplaced]
    lines += [f"       rule {code} crashed" for code in result.crashed]
    lines += [f"       {note}" for note in result.notes]
    lines += [f"       {each}" for each in result.error.strip().splitlines()[-6:]]
    return "\n".join(lines)


def totals(each: Score) -> str:
    """The totals of a flavour as text."""
    lines = [f"{_NAMES[each.flavour]}:"]
    lines += [f"  {name:28s} {value}" for name, value in _totals(each)]
    listed = (
        ("not at the marked line", each.misplaced),
        ("false alarm", each.alarms),
        ("told on the way", each.told),
        ("changed", each.changed),
        ("differs from run to run", each.unrepeatable),
        ("rule crashed", each.crashed),
        ("not valid", each.invalid),
    )
    lines += [f"    {name}: {entry}" for name, entries in listed for entry in entries]
    return "\n".join(lines)


def page(results: Sequence[Result], versions: str, known: int | None = None) -> str:
    """The page of documentation.

    Args:
        results: of all programs on both flavours.
        versions: what it was run with, such as "TensorFlow 2.21.0, Keras 3.15.1, tf_keras 2.21.0".
        known: how many pairs of program and flavour there are, where not all were run.
    """
    scores = [score(results, flavour) for flavour in FLAVOURS]
    rows = zip(*(_totals(each) for each in scores), strict=True)
    parts = [
        _INTRODUCTION,
        f"Run with {versions}."
        + (f" Of {known} pairs of program and flavour {len(results)} were run." if known else "")
        + "\n",
        "## Totals\n",
        _table(
            ("", *(_NAMES[flavour] for flavour in FLAVOURS)),
            [(row[0][0], *(value for _, value in row)) for row in rows],
        ),
        "## Misses\n",
        _or_none(_misses(results), ("program", "flavour", "code", "reason")),
        "## Findings at another line\n",
        _or_none(_misplaced(results), ("program", "flavour", "code", "place")),
        "## False alarms\n",
        _or_none(_alarms(results), ("program", "flavour", "finding", "what it says")),
    ]
    for kind, title in (("faulty", "Faulty programs"), ("healthy", "Healthy programs")):
        parts += [f"## {title}\n", _programs([each for each in results if each.kind == kind])]
    invalid = [each for each in results if not each.valid]
    if invalid:
        parts += [
            "## Programs that are not what they say\n\nThey count nowhere above.\n",
            _table(("program", "flavour"), [(each.name, each.flavour) for each in invalid]),
        ]
    return "\n".join(parts)


def _totals(each: Score) -> list[tuple[str, str]]:
    recall = "-" if each.recall is None else f"{each.recall:.0%}"
    return [
        ("programs, faulty + healthy", f"{each.faulty} + {each.healthy}"),
        ("recall", f"{recall} ({each.found} of {each.expected})"),
        ("places", _places(each)),
        ("false alarms", str(len(each.alarms))),
        ("told on the way", str(len(each.told))),
        ("lateness, median", _number(each.median_lateness)),
        ("lateness, worst", _number(each.worst_lateness)),
        ("changed by being watched", str(len(each.changed))),
        ("differ from run to run", str(len(each.unrepeatable))),
        ("not valid", str(len(each.invalid))),
        ("run time", f"{each.seconds:.0f} s"),
    ]


def _places(each: Score) -> str:
    if each.placed is None:
        return "-"
    right = each.marked - len(each.misplaced)
    return f"{right} of {each.marked} right ({each.placed:.0%}), {each.elsewhere} at another line"


def _cells(result: Result) -> tuple[str, ...]:
    changed = {True: "yes", False: "", None: "differs from run to run"}[result.changed]
    return (
        result.name,
        result.flavour,
        ", ".join(result.expected),
        ", ".join(result.missed),
        ", ".join(_unique(result.extra)),
        ", ".join(result.told),
        _number(result.lateness) if result.faulty else "",
        "" if result.error else changed,
    )


def _programs(results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        name, report = result.name, result.report
        name = f"[{name}]({report})" if report.startswith("https:") else name
        rows.append((name, *_cells(result)[1:], result.title))
    return _table((*_HEADERS, "what it does"), rows)


def _misses(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        if result.valid:
            for code in result.missed:
                yield result.name, result.flavour, code, result.miss_reason.get(code, "")


def _misplaced(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        if result.valid and result.faulty:
            for code, where in result.wrong_places:
                yield result.name, result.flavour, code, where


def _alarms(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for result in results:
        if result.valid:
            for found in result.alarms:
                yield result.name, result.flavour, f"{found.code} {found.severity}", found.message


def _unique(found: Sequence[Found]) -> list[str]:
    return list(dict.fromkeys(f"{each.code} {each.severity}" for each in found))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _or_none(rows: Iterator[tuple[str, ...]], headers: Sequence[str]) -> str:
    listed = list(rows)
    return _table(headers, listed) if listed else "None.\n"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]
    return "\n".join(text) + "\n"
