"""The line that a finding asks to change, among those that are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.places import find_place
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.facts import Call
from tb_bnplugin.schema.places import Line, Statement
from tests.support.histories import CALL, create_history


def line(number: int, text: str = "", *, depth: int = 0, function: str = "step") -> Line:
    return Line(file="train.py", line=number, function=function, text=text, depth=depth)


def call(*stack: Line, **how: object) -> Call:
    return replace(CALL, stack=stack, **how)  # type: ignore[arg-type]


def finding(code: str, **how: object) -> Outcome:
    return Outcome(code=code, name="", status="finding", severity="error", **how)  # type: ignore[arg-type]


def history(*calls: Call, statements: tuple[Statement, ...] = ()) -> ModelHistory:
    return create_history(calls=calls, facts={"statements": statements})


def statement(kind: str, value: str, number: int, function: str = "step") -> Statement:
    return Statement(kind=kind, value=value, line=line(number, function=function))


def placed(outcome: Outcome, given: ModelHistory) -> int | None:
    place = find_place(outcome, given)
    return None if place is None else place.line


WITHIN, OUTSIDE, CALLER = line(3, "y = bn(x)", depth=1), line(10, "p = m(x)"), line(20, "step(x)")


def test_the_call_of_the_model_not_the_layers_own() -> None:
    place = find_place(finding("BN101"), history(call(WITHIN, OUTSIDE, CALLER)))
    assert place is not None
    assert (place.line, [each.line for each in place.callers]) == (10, [20])
    assert (str(place), place.text) == ("train.py:10", "p = m(x)")


def test_the_line_that_asks_within_the_model() -> None:
    asks = replace(WITHIN, text="y = bn(x, training=True)")
    given = call(
        asks,
        OUTSIDE,
        mode="training",
        context="evaluate",
        training_argument="true",
        reason="explicit",
    )
    assert placed(finding("BN104"), history(given)) == 3
    passes_on = replace(WITHIN, text="y = bn(x, training=training)")
    assert placed(finding("BN104"), history(replace(given, stack=(passes_on, OUTSIDE)))) == 10


def test_the_call_under_a_tape_before_others() -> None:
    outside = call(line(1), context="no_tape")
    assert placed(finding("BN101"), history(outside, call(OUTSIDE))) == 10
    assert placed(finding("BN101"), history(outside)) == 1


def test_only_calls_of_the_layers_that_are_wrong() -> None:
    other = call(line(1), layer=1)
    assert placed(finding("BN101", layers=("bn_0",)), history(other, call(OUTSIDE))) == 10
    assert placed(finding("BN101", layers=("bn_2",)), history(other)) is None


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((statement("trainable", "false", 5),), 5),
        ((statement("trainable", "true", 5),), None),  # it was set to False
        ((statement("trainable", "false", 5, "a"), statement("trainable", "false", 6, "b")), None),
        ((statement("trainable", "false", 5, "a"), statement("trainable", "false", 6)), 6),
    ],
    ids=["one", "another value", "two alike", "two, of which one stands where the model runs"],
)
def test_the_line_that_set_trainable(
    statements: tuple[Statement, ...], expected: int | None
) -> None:
    outcome = finding("BN105", evidence={"trainable_as_set": False})
    assert placed(outcome, history(call(OUTSIDE), statements=statements)) == expected


def test_what_is_no_finding_has_no_place() -> None:
    ok = replace(finding("BN101"), status="ok")
    assert find_place(ok, history(call(OUTSIDE))) is None


@pytest.mark.parametrize("code", ["BN110", "BN201", "RC101", "BN207"])
def test_a_code_whose_line_is_not_known_has_none(code: str) -> None:
    assert find_place(finding(code), history(call(OUTSIDE))) is None


def test_a_momentum_is_found_by_its_value() -> None:
    made = (statement("momentum", "0.9", 5), statement("momentum", "1.5", 6))
    outcome = finding("BN210", evidence={"momentum": 1.5})
    assert placed(outcome, history(statements=made)) == 6
