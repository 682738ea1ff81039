"""Findings, outcomes, ledgers and reports as a console prints and a notebook shows them."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from tb_bnplugin.diagnose import Outcome, diagnose
from tb_bnplugin.diagnose.outcome import Place
from tb_bnplugin.diagnose.views.answers import Findings, LedgerText, Outcomes
from tb_bnplugin.diagnose.views.plain import SHOWN_FINDINGS
from tb_bnplugin.history.model import Line
from tb_bnplugin.logs.check import Report, RunReport
from tests.support.histories import create_history

HOSTILE = '</pre><script>alert(1)</script>" onload="x\x1b[31m\u202e'
VOID = ("br",)


def outcome(code: str = "BN101", status: Any = "finding", **changed: Any) -> Outcome:
    values: dict[str, Any] = {
        "code": code,
        "name": "never-updated",
        "status": status,
        "severity": "error",
        "model": "small",
    }
    if status == "finding":
        line = Line(file="train.py", line=42, function="step", text="    y = model(x)")
        values |= {
            "layers": tuple(f"bn_{number}" for number in range(52)),
            "steps": (3, 9),
            "message": "52 layers ran\nin inference mode.",
            "fix": "Call `model(x, training=True)`\ninside the tape.",
            "evidence": {"layers": 52, "share": 0.123456789, "seen": True, "unknown": None},
            "place": Place(at=line),
        }
    return Outcome(**{**values, **changed})


MIXED = (
    outcome("BN105", severity="warning", place=None, layers=("only",)),
    outcome(),
    outcome("BN104", expected=True),
    outcome("BN201", "ok"),
    outcome("LR108", "ok", fact=True, message="accuracy became sparse."),
    outcome("LR101", "not_checked", reason="No probe."),
    outcome("LR102", "not_checked", reason="No probe."),
)


class Tags(HTMLParser):
    """The tags of a text, which must all be closed in their order, and the words between."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_findings_are_a_tuple_of_what_is_wrong_and_not_expected() -> None:
    found = Findings(MIXED)
    assert found == (MIXED[0], MIXED[1])
    assert isinstance(found, tuple)
    assert (len(found), found[0], list(found)) == (2, MIXED[0], [MIXED[0], MIXED[1]])
    assert not Findings(MIXED[2:])
    assert Findings() == ()


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_print_the_same(copied: Any) -> None:
    for answer in (Findings(MIXED), Outcomes(MIXED), LedgerText("a\nb")):
        again = copied(answer)
        assert type(again) is type(answer)
        assert again == answer
        assert str(again) == str(answer)


def test_findings_print_worst_first_a_few_lines_each() -> None:
    head = "train.py:42: error BN101 never-updated in small, layers bn_0, bn_1, bn_2 and 49 more"
    assert str(Findings(MIXED)).splitlines() == [
        f"{head}, steps 3-9",
        "    y = model(x)",
        "  52 layers ran in inference mode.",
        "  fix: Call `model(x, training=True)` inside the tape.",
        "warning BN105 never-updated in small, layer only, steps 3-9",
        "  52 layers ran in inference mode.",
        "  fix: Call `model(x, training=True)` inside the tape.",
        "1 error, 1 warning; 1 expected, 2 passed, 2 not checked",
    ]


def test_nothing_wrong_prints_what_was_looked_at() -> None:
    assert str(Findings(MIXED[3:])) == "no finding; 2 passed, 2 not checked"


def test_findings_say_which_rules_got_no_data() -> None:
    [probe] = (each for each in diagnose(create_history()) if each.code == "BN208")
    told = "No probe was recorded. Give the callback one batch: probe_data=(x, y)."
    metric = replace(probe, code="LR108", reason="No metric is compiled.")
    assert str(Findings([probe, metric])).splitlines() == [
        f"not checked: BN208: {told}",
        "no finding; 2 not checked",
    ]


def test_outcomes_print_facts_reasons_and_what_passed() -> None:
    assert str(Outcomes(MIXED[3:])).splitlines() == [
        "fact: LR108: accuracy became sparse.",
        "not checked: LR101, LR102: No probe.",
        "passed: BN201, LR108",
        "no finding; 2 passed, 2 not checked",
    ]


def test_many_findings_are_cut_and_counted() -> None:
    many = Findings(outcome(steps=(number, number)) for number in range(SHOWN_FINDINGS + 7))
    assert str(many).count("error BN101") == SHOWN_FINDINGS
    assert "and 7 more findings" in str(many)
    html = many._repr_html_()
    assert html.count("<b>error BN101</b>") == SHOWN_FINDINGS
    assert "and 7 more findings" in html


def report(*outcomes: Outcome, name: str = "train") -> Report:
    run = RunReport(
        run=name,
        keras="keras 3.15.1",
        models=((name, 52),),
        steps=(1, 9),
        outcomes=outcomes,
        notes=(f"{name} was skipped",),
    )
    return Report(runs=(run,), comparisons=(outcome("CR101", runs=("a", name)),))


def test_a_report_prints_its_runs_and_comparisons() -> None:
    text = str(report(*MIXED))
    assert text.startswith(
        "run train (keras 3.15.1, train: 52 BN layers, steps 1-9)\ntrain.py:42: "
    )
    assert "runs compared\n" in text
    assert "a against train" in text
    (run,) = report(*MIXED)
    assert str(run).splitlines()[1] == "note: train was skipped"
    assert "not checked: LR101, LR102: No probe." in str(run)


@pytest.mark.parametrize(
    "shown",
    [
        Findings(MIXED),
        Outcomes(MIXED),
        Findings(),
        report(*MIXED),
        report(*MIXED).runs[0],
        LedgerText("run a\n  layer"),
    ],
    ids=lambda shown: type(shown).__name__,
)
def test_html_is_whole_and_runs_nothing(shown: Any) -> None:
    tags = Tags(shown._repr_html_())
    assert tags.seen
    assert set(tags.seen) <= {
        *("div", "p", "b", "br", "code", "pre", "ul", "li"),
        *("details", "summary", "table", "tr", "th", "td"),
    }
    assert tags.attributes <= {"style"}


def test_html_folds_the_fix_and_the_evidence() -> None:
    tags = Tags(Findings(MIXED)._repr_html_())
    assert tags.seen.count("details") == 4  # fix and evidence of two
    assert "train.py:42" in tags.words
    assert "0.1235" in tags.words
    assert "1 error, 1 warning; 1 expected, 2 passed, 2 not checked" in tags.words


def test_names_that_hold_anything_stay_text() -> None:
    line = Line(file=HOSTILE, line=1, function=HOSTILE, text=HOSTILE)
    hostile = outcome(
        name=HOSTILE,
        model=HOSTILE,
        layers=(HOSTILE,),
        message=HOSTILE,
        fix=HOSTILE,
        evidence={HOSTILE: HOSTILE},
        place=Place(at=line, callers=(line,)),
    )
    skipped = outcome("LR101", "not_checked", reason=HOSTILE)
    fact = outcome("LR108", "ok", fact=True, message=HOSTILE)
    both = (hostile, skipped, fact)
    shown: list[Any] = [Findings(both), Outcomes(both), LedgerText(HOSTILE)]
    shown += [report(*both, name=HOSTILE), report(*both, name=HOSTILE).runs[0]]
    for each in shown:
        html = each._repr_html_()
        tags = Tags(html)
        assert "script" not in tags.seen
        assert tags.attributes <= {"style"}
        assert "alert(1)" in tags.words  # shown as text
        for text in (html, "" if isinstance(each, str) else str(each)):
            assert "\x1b" not in text
            assert "\u202e" not in text
