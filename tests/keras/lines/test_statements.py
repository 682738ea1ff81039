"""Statements that are read in the text of a program, and not seen in any call."""

from __future__ import annotations

import linecache
from textwrap import dedent
from typing import Any

import pytest

from tb_bnplugin.keras.lines.functions import function_line
from tb_bnplugin.keras.lines.statements import statements
from tb_bnplugin.keras.lines.tapes import loss_line
from tb_bnplugin.keras.lines.text import line_at

PROGRAM = dedent("""\
    base.trainable = False
    model.compile("sgd", "mse")
    pattern = re.compile("x")
    x = norm(x, training=False)
    def step(x, y):
        with tf.GradientTape() as tape:
            out = model(x, training=True)
            loss = loss_of(y, out)
            loss += penalty()
        gradients = tape.gradient(loss, weights)
        scaled = [each * 2 for each in gradients]
        optimizer.apply_gradients(zip(scaled, weights))
    def answer(x, *, training=True):
        return model(x, training=training)
    norm = layers.BatchNormalization(momentum=1.5)
    """)


@pytest.fixture
def found() -> list[tuple[str, str, int]]:
    file = "<ipython-input-7-abcdefabcdef>"
    linecache.cache[file] = (len(PROGRAM), None, PROGRAM.splitlines(keepends=True), file)
    called = line_at(file, 7, "step")
    read = statements(object(), [], [("tape", (called,))])
    return [(each.kind, each.value, each.line.line) for each in read]


@pytest.mark.parametrize(
    "statement",
    [
        ("trainable", "false", 1),
        ("compile", "", 2),
        ("asked", "false", 4),
        ("loss", "", 9),
        ("applied", "", 11),
        ("default", "true", 13),
        ("layer", "1.5", 15),
        ("momentum", "1.5", 15),
    ],
)
def test_each_kind_is_found(statement: tuple[str, str, int], found: Any) -> None:
    assert statement in found


def test_nothing_else_is_taken_for_one(found: Any) -> None:
    assert len(found) == 8  # no `re.compile`, and no `training=True` within the tape


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("with tf.GradientTape() as t:\n    p = m(x)\n    e = f(p)\n", 2, 3),  # helper takes it
        ("with tf.GradientTape() as t:\n    e = f(m(x))\ng = t.gradient(e, w)\n", 2, 2),
        ("p = m(x)\n", 1, None),  # no tape
        ("this is no program\n", 1, None),
    ],
)
def test_the_loss_of_a_tape(text: str, line: int, expected: int | None) -> None:
    assert loss_line(text, line) == expected


def summed(y: Any, p: Any) -> Any:
    total = (y - p) ** 2  # of rows
    total /= 32
    return total


def either(y: Any, p: Any) -> Any:
    if y is None:
        return p
    return y - p


def test_what_a_function_returns() -> None:
    line = function_line(summed)
    assert line is not None
    assert line.text.strip() == "total /= 32"
    assert function_line(either) is None
    assert function_line(len) is None
    of_lambda = function_line(lambda y, p: y - p)
    assert of_lambda is not None
    assert "lambda y, p" in of_lambda.text
