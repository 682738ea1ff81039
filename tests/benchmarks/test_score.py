"""Totals over made-up results."""

from __future__ import annotations

import pytest

from benchmarks.findings.figures import figures_of
from benchmarks.findings.results import Found, Proof, Result
from benchmarks.findings.score import score
from tests.benchmarks.results import faulty, healthy

WARNING = Found(code="BN201", severity="warning")


def test_recall_counts_codes_and_not_programs() -> None:
    results = [faulty("two", "BN101", "BN109", found=("BN101",)), faulty("one", "BN106")]
    assert score(results, "keras").recall == pytest.approx(1 / 3)


def test_a_code_that_was_not_asked_for_finds_nothing() -> None:
    assert score([faulty("one", "BN101", found=("BN104",))], "keras").found == 0


def test_only_the_flavour_asked_for_counts() -> None:
    results = [faulty("one", "BN101", found=("BN101",)), faulty("one", "BN101", flavour="tf_keras")]
    assert score(results, "keras").recall == 1
    assert score(results, "tf_keras").recall == 0


def test_a_warning_on_a_healthy_program_is_a_false_alarm() -> None:
    assert score([healthy("net", WARNING)], "keras").alarms == ("net BN201 warning",)


def test_infos_and_declared_findings_are_no_false_alarms() -> None:
    declared = Found(code="BN104", severity="error", expected=True)
    quiet = healthy("net", Found(code="BN108", severity="info"), declared)
    assert score([quiet], "keras").alarms == ()


def test_a_faulty_program_is_healthy_where_its_fault_does_not_exist() -> None:
    absent = Result(
        kind="faulty",
        name="resizing",
        flavour="keras",
        found=(WARNING,),
        proofs=(Proof(text="nothing moves", held=True),),
    )
    total = score([absent], "keras")
    assert (total.faulty, total.healthy, len(total.alarms)) == (0, 1, 1)


@pytest.mark.parametrize(
    "broken",
    [
        faulty("no_evidence", "BN101", found=("BN101",), evidence_call=None),
        faulty("no_proof", "BN101", found=("BN101",), proofs=()),
        faulty(
            "not_held", "BN101", found=("BN101",), proofs=(Proof(text="at chance", held=False),)
        ),
        faulty("died", "BN101", found=("BN101",), error="Traceback"),
    ],
    ids=lambda result: result.name,
)
def test_a_program_that_is_not_what_it_says_counts_nowhere_else(broken: Result) -> None:
    total = score([broken], "keras")
    assert total.invalid == (broken.name,)
    assert (total.faulty, total.expected, total.found) == (0, 0, 0)


def test_lateness_is_the_median_and_the_worst_of_those_that_have_one() -> None:
    results = [faulty(f"p{late}", "BN101", found=("BN101",), lateness=late) for late in (0, 2, 9)]
    total = score([*results, faulty("missed", "BN101")], "keras")
    assert (total.median_lateness, total.worst_lateness) == (2, 9)


def test_changed_and_unrepeatable_are_told_apart() -> None:
    results = [healthy("a", changed=True), healthy("b", changed=None), healthy("c")]
    total = score(results, "keras")
    assert (total.changed, total.unrepeatable) == (("a",), ("b",))


def test_a_share_of_missed_codes_above_a_twentieth_is_over_the_limit() -> None:
    found = [faulty(f"p{n}", "BN101", found=("BN101",)) for n in range(19)]
    missed = faulty("missed", "BN101")
    within = next(iter(figures_of(score([*found, missed], "keras"))))
    over = next(iter(figures_of(score([*found[:-1], missed], "keras"))))
    assert within.value == pytest.approx(0.05)
    assert within.holds
    assert over.value == pytest.approx(1 / 19)
    assert not over.holds


def test_a_false_alarm_is_over_the_limit() -> None:
    figures = {each.name: each for each in figures_of(score([healthy("net", WARNING)], "keras"))}
    assert not figures["keras: false alarms"].holds


def test_without_any_lateness_there_is_no_figure_of_it() -> None:
    names = [each.name for each in figures_of(score([healthy("net")], "keras"))]
    assert not [name for name in names if "lateness" in name]


def placed(name: str, *wrong: str, marked: tuple[str, ...] = ("BN101",)) -> Result:
    return faulty(name, "BN101", found=("BN101",), marked=marked, misplaced=wrong)


def test_places_count_codes_whose_line_is_marked() -> None:
    results = [
        *(placed(f"p{n}") for n in range(2)),
        placed("far", "BN101 at a.py:3", "BN101 at a.py:4"),  # two findings of one code
        placed("none", "BN101 nowhere"),
        faulty("no_mark", "BN101", found=("BN101",), marked=()),
        faulty("of_an_older_run", "BN101", found=("BN101",), misplaced=("BN101 nowhere",)),
        healthy("net", marked=("BN101",), misplaced=("BN101 nowhere",)),
    ]
    total = score(results, "keras")
    assert (total.marked, total.misplaced) == (
        4,
        ("far BN101 at a.py:3, at a.py:4", "none BN101 nowhere"),
    )
    assert total.placed == pytest.approx(0.5)


def test_without_a_mark_there_is_no_share_of_places() -> None:
    total = score([faulty("one", "BN101", found=("BN101",))], "keras")
    assert total.placed is None
    assert not [each for each in figures_of(total) if "line" in each.name]


def test_a_finding_at_another_line_is_over_the_limit() -> None:
    results = [placed("far", "BN101 at a.py:3"), placed("none", "BN101 nowhere"), placed("right")]
    figures = {each.name: each for each in figures_of(score(results, "keras"))}
    figure = figures["keras: share of findings at another line than the marked"]
    assert figure.value == pytest.approx(1 / 3)
    assert not figure.holds
