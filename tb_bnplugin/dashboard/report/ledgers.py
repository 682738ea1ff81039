"""The mode ledgers of the runs in a report file, as `tb-bnplugin ledger` prints them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tb_bnplugin.dashboard.analysis import Analysis
from tb_bnplugin.diagnose import create_ledger, ledger_text
from tb_bnplugin.diagnose.views.words import cut, printable
from tb_bnplugin.history.model import ModelHistory

LINES: Final = 2000
"""Of one ledger; layers that are alike share some."""
CHARACTERS: Final = 2_000_000
"""Of all ledgers of a file."""


def ledgers(
    analyses: Iterable[Analysis], limit: int = CHARACTERS
) -> tuple[list[dict[str, str]], list[str]]:
    """Run, model and text of each ledger, as long as they fit, and notes of what is left out."""
    models = [model for analysis in analyses for model in analysis.history.models]
    kept: list[dict[str, str]] = []
    for model in models:
        text = _text(model)
        limit -= len(text)
        if limit < 0:
            left = f"{len(models) - len(kept)} of {len(models)} mode ledgers are left out;"
            return kept, [f"{left} `tb-bnplugin ledger` prints them."]
        kept.append({"run": model.run, "model": model.facts.name, "text": text})
    return kept, []


def _text(model: ModelHistory) -> str:
    lines = ledger_text(create_ledger(model)).splitlines()
    shown = [cut(printable(line)) for line in lines[:LINES]]
    more = len(lines) - LINES
    return "\n".join([*shown, f"and {more} more lines"] if more > 0 else shown)
