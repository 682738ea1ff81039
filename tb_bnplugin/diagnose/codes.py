"""Codes of rules, as users write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tb_bnplugin.diagnose.rules import COMPARISONS, RULES


def check_codes(expect: Sequence[str]) -> tuple[str, ...]:
    """The rule codes in `expect`; raises TypeError or ValueError for anything that is none."""
    if isinstance(expect, (str, bytes)) or not isinstance(expect, Iterable):
        raise TypeError(
            f'expect must be a sequence of rule codes such as ("BN101",); received {expect!r}'
        )
    expect = tuple(expect)
    known = [rule.RULE.code for rule in (*RULES, *COMPARISONS)]
    for code in expect:
        if code not in known:
            raise ValueError(
                f"expect holds {code!r}, which is no rule code; the codes are {', '.join(known)}"
            )
    return expect
