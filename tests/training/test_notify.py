"""What is told while a model trains, and when the rules are asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.training.notify import Notifier, check_on_finding
from tb_bnplugin.training.rule_schedule import RECORDS_AFTER_EVENT, RuleSchedule
from tests.support.histories import create_history


def finding(code: str = "BN101", severity: Any = "error", **changed: Any) -> Outcome:
    values: dict[str, Any] = {
        "code": code,
        "name": "never-updated",
        "status": "finding",
        "severity": severity,
        "model": "model",
        "layers": ("a", "b"),
        "steps": (3, 9),
        "message": "Two layers\nran.",
        "fix": "Do this.",
    }
    return Outcome(**{**values, **changed})


class Live:
    """Stands for the history of a process: what its rules find now."""

    def __init__(self, *found: Outcome) -> None:
        self.found = found
        self.told: set[tuple[str, str]] = set()

    name = "model"

    def findings_now(self) -> tuple[Outcome, ...]:
        return self.found

    def outcomes(self) -> tuple[Outcome, ...]:
        return self.found

    def history_now(self) -> ModelHistory:
        return self.history

    history = create_history()


def told_lines(err: str) -> list[str]:
    """What was told: without the lines of programs and the pointer below."""
    return [entry for entry in err.splitlines() if not entry.startswith("    ")]


def tell(notifier: Notifier, *, ended: bool = False) -> bool:
    """Looks for findings and delivers them; says whether training is to stop."""
    notifier.search(ended=ended)
    return notifier.deliver()


def teller(on_finding: Any, *found: Outcome) -> Notifier:
    return Notifier(on_finding, Live(*found))


def test_errors_and_warnings_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    tells = teller("warn", finding(), finding("BN105", "warning"), finding("BN110", "info"))
    assert not tell(tells)
    assert not tell(tells)
    told = told_lines(capsys.readouterr().err)
    assert [entry.split()[2] for entry in told] == ["BN101", "BN105"]


def test_what_ends_by_itself_is_told_when_training_ends_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tells = teller("warn", finding("BN201", "warning"), finding("BN105", "warning"))
    tell(tells)
    assert "BN201" not in capsys.readouterr().err
    for _ in range(2):
        tell(tells, ended=True)
    told = told_lines(capsys.readouterr().err)
    assert [entry.split()[2] for entry in told] == ["BN201"]


def test_a_failure_of_ours_is_one_warning_and_training_goes_on() -> None:
    class Broken(Live):
        def findings_now(self) -> tuple[Outcome, ...]:
            raise ValueError("no such column")

    tells = Notifier("stop", Broken())
    with pytest.warns(RuntimeWarning, match=r"tb-bnplugin check.*ValueError: no such column"):
        assert not tell(tells)
    assert not tell(tells)  # pytest makes a second warning an error


def test_two_who_watch_the_same_print_once(capsys: pytest.CaptureFixture[str]) -> None:
    live: Any = Live(finding())
    for tells in (Notifier("warn", live), Notifier("warn", live)):
        tell(tells)
    assert len(told_lines(capsys.readouterr().err)) == 1


def test_a_callable_is_told_what_another_printed() -> None:
    given: list[Outcome] = []
    live: Any = Live(finding())
    for tells in (
        Notifier("warn", live),
        Notifier(given.append, live),
        Notifier(given.append, live),
    ):
        tell(tells)
    assert [entry.code for entry in given] == ["BN101", "BN101"]


def test_each_model_is_told_for_itself(capsys: pytest.CaptureFixture[str]) -> None:
    tell(teller("warn", finding(), finding(model="other")))
    assert len(told_lines(capsys.readouterr().err)) == 2


def test_what_is_expected_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert not tell(teller("stop", finding(expected=True)))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("severity", "stops"), [("error", True), ("warning", False)])
def test_stop_stops_at_an_error(
    severity: str, stops: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(teller("stop", finding(severity=severity))) is stops
    assert ("Training stops here." in capsys.readouterr().err) is stops


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(ValueError, match=r'"warn", "ignore" or a callable.*received \'stop\''):
        check_on_finding("stop", ("warn", "ignore"))


def test_the_rules_are_asked_at_growing_steps() -> None:
    alertness = RuleSchedule()
    due = [step for step in range(1, 201) if alertness.is_due(step, "nothing new")]
    assert due[:8] == [2, 3, 4, 5, 6, 7, 9, 11]
    later = [step for step in due if step > 100]
    assert len(later) in (2, 3)  # 1.3 ** 2.6 is 2


def test_news_makes_them_ask_at_each_record_for_a_while() -> None:
    alertness = RuleSchedule()
    due = [step for step in range(1, 301) if alertness.is_due(step, step >= 200)]
    assert set(range(200, 200 + RECORDS_AFTER_EVENT)) <= set(due)


def test_what_was_told_and_is_over_is_taken_back_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = Live(finding("BN202", "warning"), finding())
    tells = Notifier("warn", live)
    tell(tells)
    live.found = (finding(),)
    tell(tells)
    assert "is over" not in capsys.readouterr().err
    tell(tells, ended=True)
    (line_over,) = told_lines(capsys.readouterr().err)
    assert line_over.startswith("tb_bnplugin: BN202 statistics-gap in 'model' is over")
    tell(tells, ended=True)
    assert not capsys.readouterr().err


def test_an_info_that_explains_bad_validation_is_told_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tells = teller("warn", finding("BN109", "info"), finding("BN110", "info"))
    tell(tells)
    assert not capsys.readouterr().err
    tell(tells, ended=True)
    assert "info BN109" in capsys.readouterr().err


@pytest.mark.parametrize("on_finding", ["warn", "stop", "ignore", lambda finding: None])
@pytest.mark.parametrize("verbose", [0, 1])
def test_the_start_and_the_end_are_told_where_keras_is_verbose(
    on_finding: Any, verbose: int, capsys: pytest.CaptureFixture[str]
) -> None:
    tells = teller(on_finding, finding())
    tells.console.begin(verbose)
    tells.begin()
    tells.look(1, "nothing new")
    tells.look(1, "nothing new")
    tells.conclude()
    expected = [
        "tb_bnplugin watches 'model': 3 batch normalization layers, 3 in training mode",
        "tb_bnplugin: 1 error: BN101 never-updated",
    ]
    wanted = verbose and on_finding in ("warn", "stop")
    assert capsys.readouterr().err.splitlines() == (expected if wanted else [])


def test_the_first_finding_says_where_more_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    tell(teller("warn", finding(), finding("BN105", "warning")))
    assert capsys.readouterr().err.count("ask findings()") == 1


@pytest.mark.parametrize("part", ["begin", "conclude"])
def test_a_sum_that_fails_is_one_warning(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Live):
        def outcomes(self) -> tuple[Outcome, ...]:
            raise ValueError("no such column")

        def history_now(self) -> ModelHistory:
            raise ValueError("no such column")

    tells = Notifier("warn", Broken())
    tells.console.begin(1)
    tells.begin()
    with pytest.warns(RuntimeWarning, match="no such column"):
        tells.look(1, "nothing new") if part == "begin" else tells.conclude()
    tells.conclude()  # pytest makes a second warning an error
    assert capsys.readouterr().err == ""


BEGIN = "tb_bnplugin watches 'model': 3 batch normalization layers, 3 in training mode"
END = "tb_bnplugin: 'model': 1 error: BN101 never-updated"


@pytest.mark.parametrize("on_finding", ["warn", "ignore", lambda finding: None])
def test_a_loop_is_told_as_a_fit_is(on_finding: Any, capsys: pytest.CaptureFixture[str]) -> None:
    tells = teller(on_finding, finding())
    tells.begin_loop(lambda: False)
    tells.look(1, "nothing new")
    tells.look(1, "nothing new")
    tells.conclude()
    assert capsys.readouterr().err.splitlines() == ([BEGIN, END] if on_finding == "warn" else [])


def test_a_loop_is_told_of_from_its_first_training_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = Live()
    live.history = create_history(
        columns={"training_tape": 0.0, "inference_no_tape": np.arange(50.0)}
    )
    tells = Notifier("warn", live)
    tells.begin_loop(lambda: False)
    for step in range(1, 30):
        tells.look(step, "nothing new")
    assert capsys.readouterr().err == ""
    live.history = create_history()
    for step in range(30, 60):
        tells.look(step, "a trace")
    assert capsys.readouterr().err.splitlines() == [BEGIN]


@pytest.mark.parametrize("in_fit", [True, False])
def test_a_fit_within_a_watch_is_told_by_its_callback(
    capsys: pytest.CaptureFixture[str], *, in_fit: bool
) -> None:
    tells = Notifier("warn", Live())
    tells.begin_loop(lambda: in_fit)
    tells.look(1, "nothing new")
    tells.conclude()
    assert len(capsys.readouterr().err.splitlines()) == (0 if in_fit else 2)


def test_what_only_infers_is_not_looked_at_often() -> None:
    looks = []

    class Counted(Live):
        def history_now(self) -> ModelHistory:
            looks.append(1)
            return create_history(columns={"training_tape": 0.0})

    tells = Notifier("warn", Counted())
    tells.begin_loop(lambda: False)
    for step in range(1, 1001):
        tells.look(step, "nothing new")
    assert 3 <= len(looks) <= 30  # of growing gaps, 1.3 ** 26 is 918


def test_the_sum_leaves_out_what_another_model_tells(capsys: pytest.CaptureFixture[str]) -> None:
    class Elsewhere(Live):
        def findings_now(self) -> tuple[Outcome, ...]:
            return ()

    tells = Notifier("warn", Elsewhere(finding()))
    tells.console.begin(1)
    tells.conclude()
    assert capsys.readouterr().err == "tb_bnplugin: no finding in 0 rules\n"
