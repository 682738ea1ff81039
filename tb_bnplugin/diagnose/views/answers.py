"""Findings, outcomes and ledgers as they are given to the user: printed and shown readable."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tb_bnplugin.diagnose.needs import is_for_want_of_data
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.views.html import findings_html, outcomes_html, text_html
from tb_bnplugin.diagnose.views.plain import findings_text, not_checked_text, summary
from tb_bnplugin.diagnose.views.words import cut, printable


class Outcomes(tuple[Outcome, ...]):  # noqa: SLOT001  # a tuple takes no slots
    """The outcomes of all rules: a tuple that prints a few lines for each finding."""

    def __repr__(self) -> str:
        found = [each for each in self if each.status == "finding"]
        passed = ", ".join(sorted({each.code for each in self if each.status == "ok"}))
        facts = [f"fact: {cut(printable(f'{x.code}: {x.message}'))}" for x in self if x.fact]
        lines = [
            *([findings_text(found)] if found else []),
            *facts,
            *not_checked_text(self),
            *([f"passed: {passed}"] if passed else []),
            summary(self),
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return outcomes_html(self)


class Findings(tuple[Outcome, ...]):  # noqa: SLOT001  # a tuple takes no slots
    """Findings: a tuple, empty where nothing is wrong, that prints a few lines for each.

    And which rules could not look, since the program gave them no loss or no probe.

    Args:
        outcomes: all of them; the findings that are not expected are kept, the others counted.
    """

    _of: tuple[Outcome, ...]

    def __new__(cls, outcomes: Iterable[Outcome] = ()) -> Findings:  # noqa: PYI034  # Python 3.11
        """The findings among these outcomes."""
        of = tuple(outcomes)
        made = super().__new__(
            cls, (each for each in of if each.status == "finding" and not each.expected)
        )
        made._of = of
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (self._of,)

    def __repr__(self) -> str:
        unseen = not_checked_text([each for each in self._of if is_for_want_of_data(each)])
        return "\n".join([*([findings_text(self)] if self else []), *unseen, summary(self._of)])

    def _repr_html_(self) -> str:
        return findings_html(self, self._of)


class LedgerText(str):
    """The ledger: a string, which a notebook shows with its line breaks."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return text_html(self)
