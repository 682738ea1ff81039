"""Hints of one rule to others, "see BN201 and BN202": only those stay that found something.

So it is with whole sentences: "BN208 finds another cause: mend both."
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Final

from tb_bnplugin.diagnose.outcome import Outcome

_CODE: Final = r"(?:BN|LR|CR|RC)\d{3}"
_HINT: Final = re.compile(
    rf"(?P<before> \(|[:,;]? (?:and )?)see (?P<codes>{_CODE}(?:(?:, | and | or ){_CODE})*)\)?"
)
_BESIDE: Final = re.compile(rf" (?P<code>{_CODE}) finds another cause: mend both\.")


def another_cause(code: str) -> str:
    """A sentence for the end of a fix, which stays where the rule of this code found something."""
    return f" {code} finds another cause: mend both."


def keep_useful(outcome: Outcome, outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome without hints to rules that are among the outcomes and found nothing."""
    found = {each.code for each in outcomes if each.status == "finding"}
    silent = {each.code for each in outcomes} - found
    return replace(
        outcome,
        message=_without(outcome.message, silent),
        fix=_beside(_without(outcome.fix, silent), found),
        reason=None if outcome.reason is None else _without(outcome.reason, silent),
    )


def _beside(fix: str, found: Container[str]) -> str:
    return _BESIDE.sub(lambda hint: hint[0] if hint["code"] in found else "", fix)


def _without(text: str, silent: Container[str]) -> str:
    return _HINT.sub(lambda hint: _shorter(hint, silent), text) if "see " in text else text


def _shorter(hint: re.Match[str], silent: Container[str]) -> str:
    named = re.findall(_CODE, hint["codes"])
    codes = [code for code in named if code not in silent]
    if codes == named:
        return hint[0]
    if not codes:
        return ""
    last = next((word for word in (" and ", " or ") if word in hint["codes"]), ", ")
    listed = ", ".join(codes[:-1])
    close = ")" if hint["before"] == " (" else ""
    return f"{hint['before']}see {f'{listed}{last}' if listed else ''}{codes[-1]}{close}"
