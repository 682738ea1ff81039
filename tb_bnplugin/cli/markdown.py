"""A log folder as Markdown that fits into an issue of GitHub."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from tb_bnplugin.cli.style import cut, printable
from tb_bnplugin.dashboard.report.about import About
from tb_bnplugin.diagnose import Outcome, create_ledger, ledger_text
from tb_bnplugin.diagnose.views.answers import Findings
from tb_bnplugin.diagnose.views.plain import worst_first
from tb_bnplugin.diagnose.views.words import plural, value
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.check import Report, RunReport, create_report
from tb_bnplugin.logs.provider import shorten
from tb_bnplugin.printed import run_name

CHARACTERS: Final = 60_000
"""An issue of GitHub takes 65,536."""
SHOWN_LAYERS: Final = 10

_SPECIAL: Final = re.compile(r"[\\*\[\]#|~<>&@!]|(?<!\w)_|_(?!\w)")
_FENCE: Final = "`" * 3


def markdown(histories: Sequence[RunHistory], about: About) -> str:
    """The findings of each run with place, evidence and fix, then the mode ledgers."""
    report = create_report(histories, about.notes)
    parts = [f"## Report of tb_bnplugin\n\ntb_bnplugin {about.version}, written {about.written}"]
    parts += _runs(report)
    parts += [f"Note: {prose(note)}" for note in report.notes]
    parts += _ledgers(histories)
    return _bounded(parts)


def prose(text: str) -> str:
    """A text of a rule or a log: its code stays code, and nothing else is markup."""
    pieces = printable(cut(text)).split("`")
    if len(pieces) % 2 == 0:  # a backtick that nothing closes
        pieces[-2:] = [f"{pieces[-2]}'{pieces[-1]}"]
    return "".join(
        f"`{piece}`" if at % 2 else _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", piece)
        for at, piece in enumerate(pieces)
    )


def code(text: str) -> str:
    """A name as code, whatever it holds."""
    return f"`{shorten(text).replace('`', chr(39)) or ' '}`"


def block(text: str, language: str) -> str:
    """Lines as a block of code that none of them can end."""
    lines = "\n".join(printable(cut(line)) for line in text.splitlines())
    longest = max((len(run) for run in re.findall("`+", lines)), default=0)
    fence = "`" * max(len(_FENCE), longest + 1)
    return f"{fence}{language}\n{lines}\n{fence}"


def _runs(report: Report) -> Iterator[str]:
    for run in report.runs:
        yield _head(run)
        findings = worst_first(Findings(run.outcomes))
        yield from (_finding(outcome) for outcome in findings)
        if not findings:
            yield "Nothing found."
        yield from (f"Note: {prose(note)}" for note in run.notes)
    compared = worst_first(Findings(report.comparisons))
    if compared:
        yield "### Runs compared"
        yield from (_finding(outcome) for outcome in compared)


def _head(run: RunReport) -> str:
    facts = [prose(run.keras)] if run.keras else []
    facts += [f"model {code(name)} ({plural(layers, 'BN layer')})" for name, layers in run.models]
    if run.steps:
        facts.append("steps {}-{}".format(*run.steps))
    step = [f"One step of {code(name)} = {prose(text)}" for name, text in run.step]
    return "\n\n".join([f"### Run {code(run_name(run.run))}", ", ".join(facts), *step])


def _finding(outcome: Outcome) -> str:
    parts = [f"#### {outcome.severity} {outcome.code} {outcome.name}"]
    if outcome.place is not None:
        place = outcome.place
        called = "".join(f", called from {code(f'{c.file}:{c.line}')}" for c in place.callers)
        parts.append(f"{code(str(place))} in {code(place.function)}{called}")
        parts.append(block(place.text, "python"))
    parts.append(prose(outcome.message))
    facts = []
    if outcome.runs:
        facts.append(f"- runs: {' against '.join(code(run_name(run)) for run in outcome.runs)}")
    if outcome.layers:
        named = ", ".join(code(path) for path in outcome.layers[:SHOWN_LAYERS])
        more = len(outcome.layers) - SHOWN_LAYERS
        facts.append(f"- layers: {named}{f' and {more} more' if more > 0 else ''}")
    if outcome.evidence:
        values = ", ".join(f"{name} {value(of)}" for name, of in outcome.evidence.items())
        facts.append(f"- evidence: {prose(values)}")
    if outcome.fix:
        facts.append(f"- fix: {prose(outcome.fix)}")
    return "\n\n".join([*parts, "\n".join(facts)]) if facts else "\n\n".join(parts)


def _ledgers(histories: Sequence[RunHistory]) -> Iterator[str]:
    for history in histories:
        for model in history.models:
            text = block(ledger_text(create_ledger(model)), "text")
            name = prose(f"{run_name(history.run)}, {model.facts.name}")
            yield f"<details><summary>Mode ledger of {name}</summary>\n\n{text}\n\n</details>"


def _bounded(parts: Sequence[str]) -> str:
    """The parts that fit, and how many do not."""
    kept: list[str] = []
    left = CHARACTERS
    for part in parts:
        left -= len(part) + 2
        if left < 0:
            kept.append(
                f"{len(parts) - len(kept)} more parts are left out: an issue takes no more"
                " text. `tb-bnplugin report --format html` holds them."
            )
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"
