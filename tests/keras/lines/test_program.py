"""The statements of a program that runs: what its calls and losses lead to in the text."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.lines.program import ProgramLines
from tests.support.programs import FILE, SHOWN, program, seen

TEXT = """\
def error(target, taken):
    return target - taken
def step(x, reward, training):
    wanted = reward + best(x)
    with tf.GradientTape() as tape:
        loss = error(wanted, model(x, training=training))
    descend(tape, loss, model.trainable_variables)
flags["train"] = False
step(x, reward, flags["train"])
watch(model)
"""


@pytest.fixture
def lines() -> ProgramLines:
    program(TEXT)
    return ProgramLines(Guard("model"))


def kinds(lines: ProgramLines) -> set[tuple[str, str, int]]:
    stacks = [("tape", seen(6, 9)), ("watch", seen(10))]
    read = lines.statements(object(), [], stacks, traces=1)
    return {(each.kind, each.value, each.line.line) for each in read}


def test_what_lines_that_ran_lead_to(lines: ProgramLines) -> None:
    assert kinds(lines) >= {
        ("switched", f"false at {SHOWN}:6", 8),
        ("own_tape", f"{SHOWN}:6", 6),
        ("model", "model", 10),
        ("loss", "", 6),
    }


def test_the_target_of_a_loss_that_was_measured(lines: ProgramLines) -> None:
    names: dict[str, Any] = {}
    assert not any(kind == "target" for kind, _, _ in kinds(lines))
    defined = "".join(TEXT.splitlines(keepends=True)[:2])
    exec(compile(defined, FILE, "exec"), names)
    lines.of_loss(names["error"], sys._getframe())
    assert ("target", "error", 4) in kinds(lines)


def test_nothing_is_read_where_no_line_is_wanted(lines: ProgramLines) -> None:
    lines.wanted = False
    assert not kinds(lines)
