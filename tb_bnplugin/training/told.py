"""The lines that are told while a model trains: a finding in one line, and sums of a training."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.evidence.layers import OUTSIDE_EVALUATION, count, executions, ran_before
from tb_bnplugin.diagnose.needs import for_want_of_data
from tb_bnplugin.diagnose.views.plain import heading, worst_first
from tb_bnplugin.diagnose.views.words import SEVERITIES, plural, printable, short
from tb_bnplugin.history.model import MODES, ModelHistory

LONGEST_LINE: Final = 160
_LONGEST_NAME: Final = 40
_NAMED_RULES: Final = 4

MOST_LINES: Final = 2
"""Lines for the first sentence of a message that has no room behind the names."""

MORE: Final = (
    "    For more of each finding and how to mend it, ask findings(). Lines such as this one are"
    ' left out with on_finding="ignore".'
)

_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) (?=[A-Z'`])")


def finding_lines(outcome: Outcome, *, stops: bool = False) -> str:
    """A finding in one line, and below it the line of the program.

    Where the message has no room in that line, its first sentence stands below both.

    Args:
        outcome: the finding.
        stops: it stops the training.
    """
    where = []
    if len(outcome.layers) == 1:
        where.append(f"layer {short(outcome.layers[0], _LONGEST_NAME)}")
    elif outcome.layers:
        where.append(f"{len(outcome.layers):,} layers")
    if outcome.steps is not None:
        where.append(f"since step {outcome.steps[0]}")
    begin = heading(outcome) if outcome.place else f"tb_bnplugin: {heading(outcome)}"
    parts = (
        f" in {short(outcome.model, _LONGEST_NAME)!r}" if outcome.model else "",
        f" ({', '.join(where)})" if where else "",
    )
    line = begin
    for part in parts:
        if len(line) + len(part) < LONGEST_LINE:
            line += part
    message = printable(" ".join(outcome.message.split()))
    fits = len(line) + len(f": {message}") <= LONGEST_LINE
    lines = [f"{line}: {message}" if fits else line]
    if outcome.place and outcome.place.text:
        lines.append(f"    {_cut(printable(outcome.place.text), LONGEST_LINE - 4)}")
    if not fits:
        lines += textwrap.wrap(
            _SENTENCE_END.split(message)[0],
            LONGEST_LINE,
            initial_indent="    ",
            subsequent_indent="    ",
            max_lines=MOST_LINES,
            placeholder="...",
        )
    return "\n".join([*lines, *(["    Training stops here."] if stops else [])])


def over_line(code: str, name: str, model: str) -> str:
    """A finding that was told, and no longer holds."""
    return (
        f"tb_bnplugin: {code} {name} in {short(model, _LONGEST_NAME)!r} is over: it was told above,"
        " and no longer holds."
    )


def watched_line(history: ModelHistory) -> str:
    """The modes of the first step: "tb_bnplugin watches 'resnet50': 53 ... layers, ..."."""
    of = len(history.facts.layers)
    begin = f"tb_bnplugin watches {short(history.facts.name, _LONGEST_NAME)!r}"
    if not of:
        return f"{begin}: no batch normalization layer"
    layers = f"{begin}: {plural(of, 'batch normalization layer')}"
    if not len(history.steps):
        return layers
    made = [
        ran[-1] - (ran[-2] if len(ran) > 1 else ran_before(history, mode, OUTSIDE_EVALUATION))
        for mode in MODES
        for ran in [executions(history, mode, OUTSIDE_EVALUATION)]
    ]
    trains, infers = (np.asarray(each) > 0 for each in made)
    frozen = count(history, "trainable") == 0
    inferring = int((infers & ~trains).sum())
    frozen_of_them = int((infers & ~trains & frozen).sum())
    why = ""
    if frozen_of_them:
        some = "" if frozen_of_them == inferring else f"{frozen_of_them:,} with "
        why = f" ({some}trainable=False)"
    counted = [
        f"{number:,} {words}"
        for number, words in (
            (int((trains & ~infers).sum()), "in training mode"),
            (inferring, f"in inference mode{why}"),
            (int((trains & infers).sum()), "in both modes"),
            (int((~trains & ~infers).sum()), "not called yet"),
        )
        if number
    ]
    return _cut(", ".join([layers, *counted]), LONGEST_LINE)


def has_trained(history: ModelHistory) -> bool:
    """Return True where a layer ran as in training: in training mode, or under a tape.

    A model without such layers may have trained.
    """
    ran = [
        executions(history, mode, contexts) - ran_before(history, mode, contexts)
        for mode, contexts in (("training", OUTSIDE_EVALUATION), ("inference", ("tape", "unknown")))
    ]
    return not history.facts.layers or bool((np.asarray(ran) > 0).any())


def ended_line(outcomes: Sequence[Outcome], model: str | None = None) -> str:
    """The sum of what was found: "no finding in 24 rules; 3 not checked".

    Args:
        outcomes: of all rules.
        model: to be named; None: there is one.
    """
    found = worst_first([x for x in outcomes if x.status == "finding" and not x.expected])
    judged = {each.code for each in outcomes if each.status in ("ok", "finding")}
    skipped = {each.code for each in outcomes if each.status in ("not_checked", "crashed")} - judged
    unseen = for_want_of_data(each for each in outcomes if each.code in skipped)
    rest = f"; {len(skipped)} not checked" if skipped else ""
    rest += f", {unseen}" if unseen else ""
    begin = "tb_bnplugin: " + (f"{short(model, _LONGEST_NAME)!r}: " if model else "")
    if not found:
        return f"{begin}no finding in {plural(len(judged), 'rule')}{rest}"
    counted = Counter(each.severity for each in found)
    sums = ", ".join(plural(counted[each], each) for each in SEVERITIES if counted[each])
    names = list(dict.fromkeys(f"{each.code} {printable(each.name)}" for each in found))
    line = f"{begin}{sums}{rest}"
    for shown in range(min(len(names), _NAMED_RULES), 0, -1):
        more = [f"{len(names) - shown} more"] if len(names) > shown else []
        line = f"{begin}{sums}: {', '.join([*names[:shown], *more])}{rest}"
        if len(line) <= LONGEST_LINE:
            break
    return line


def _cut(text: str, longest: int) -> str:
    """A text that ends at a word where it is too long; "" where there is room for none."""
    if len(text) <= longest:
        return text
    kept = text[: max(longest - 3, 0)].rsplit(" ", 1)[0]
    return f"{kept.rstrip(' ,;:')}..." if len(kept) > 1 else ""
