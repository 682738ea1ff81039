"""Findings, outcomes and ledgers as HTML, for a notebook: light or dark as the notebook is.

A name of a layer, a model or a file may hold anything, so that every text is escaped. Nothing runs
and nothing is loaded: a notebook shows it also where it does not trust what it opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.views.plain import SHOWN_FINDINGS, not_checked_text, summary, worst_first
from tb_bnplugin.diagnose.views.words import cut, layers, line_of, plural, printable, short, steps
from tb_bnplugin.diagnose.views.words import value as value_text
from tb_bnplugin.printed import run_name

# Readable on white and on black; text has the colour of the notebook.
_COLOURS: Final = {"error": "#d93025", "warning": "#d28a00", "info": "#5b8def"}
_DETAILS: Final = "margin: 0.3em 0 0 0; opacity: 0.9"


def findings_html(found: Sequence[Outcome], of: Sequence[Outcome]) -> str:
    """The findings, worst first; fix and evidence fold out.

    Args:
        found: the findings to show.
        of: all outcomes, which the last line counts.
    """
    shown = [_finding(outcome) for outcome in worst_first(found)[:SHOWN_FINDINGS]]
    more = len(found) - SHOWN_FINDINGS
    if more > 0:
        shown.append(f"<p>and {plural(more, 'more finding')}</p>")
    return f"<div>{''.join(shown)}<p>{_text(summary(of))}</p></div>"


def outcomes_html(outcomes: Sequence[Outcome]) -> str:
    """The findings, then what was not checked and why, and what passed."""
    found = [each for each in outcomes if each.status == "finding"]
    passed = ", ".join(sorted({each.code for each in outcomes if each.status == "ok"}))
    lines = [f"fact: {each.code}: {each.message}" for each in outcomes if each.fact]
    lines += not_checked_text(outcomes)
    lines += [f"passed: {passed}"] if passed else []
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    folded = _folded("what passed, and what was not checked", f"<ul>{items}</ul>") if items else ""
    return f"<div>{findings_html(found, outcomes)}{folded}</div>"


def titled_html(title: str, body: str, notes: Sequence[str] = ()) -> str:
    """A part of a report under its title (plain text), with notes."""
    noted = "".join(f"<p>note: {_text(note)}</p>" for note in notes)
    return f"<div><p><b>{_text(title)}</b></p>{body}{noted}</div>"


def text_html(text: str) -> str:
    """A text as it is printed, with its line breaks."""
    lines = "\n".join(escape(printable(line)) for line in text.splitlines())
    return f'<pre style="line-height: 1.3; white-space: pre; overflow-x: auto">{lines}</pre>'


def _finding(outcome: Outcome) -> str:
    colour = _COLOURS[outcome.severity]
    place = "" if outcome.place is None else f"<code>{_text(str(outcome.place))}</code> "
    where = [short(outcome.model)] if outcome.model else []
    where += (
        [f"{plural(len(outcome.layers), 'layer')}: {layers(outcome)}"] if outcome.layers else []
    )
    where += [steps(*outcome.steps)] if outcome.steps is not None else []
    where += (
        [" against ".join(short(run_name(run)) for run in outcome.runs)] if outcome.runs else []
    )
    expected = " (expected)" if outcome.expected else ""
    parts = [
        f"{place}<b>{outcome.severity} {_text(outcome.code)}</b> {_text(outcome.name)}{expected}",
        f"<br>{_text(', '.join(where))}" if where else "",
        f'<pre style="overflow-x: auto"><code>{_text(line_of(outcome.place))}</code></pre>'
        if outcome.place
        else "",
        f"<p>{_text(outcome.message)}</p>",
        _folded("fix", f"<p>{_text(outcome.fix)}</p>") if outcome.fix else "",
        _folded("evidence", _table(outcome)) if outcome.evidence else "",
    ]
    style = f"border-left: 4px solid {colour}; padding: 0.2em 0 0.2em 0.8em; margin: 0.6em 0"
    return f'<div style="{style}">{"".join(parts)}</div>'


def _table(outcome: Outcome) -> str:
    rows = "".join(
        f'<tr><th style="text-align: left">{_text(name)}</th><td>{_text(value_text(of))}</td></tr>'
        for name, of in outcome.evidence.items()
    )
    return f"<table>{rows}</table>"


def _folded(title: str, body: str) -> str:
    return f'<details style="{_DETAILS}"><summary>{title}</summary>{body}</details>'


def _text(text: str) -> str:
    return escape(cut(printable(" ".join(text.split()))))
