"""Weights that the text of a program copies, and statistics that it resets."""

from __future__ import annotations

import ast

import pytest

from tb_bnplugin.keras.lines.assigned import assignments

PAIRS = "zip(b.trainable_variables, a.trainable_variables)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"for mine, theirs in {PAIRS}:\n    mine.assign(theirs)", [("copied", "b", 1)]),
        (f"for mine, theirs in {PAIRS}:\n    theirs.assign(mine)", [("copied", "a", 1)]),
        ("for at, w in enumerate(m.trainable_weights):\n    w.assign(v[at])", [("copied", "m", 1)]),
        ("for w in self.net.trainable_weights:\n    w.assign(0)", [("copied", "self.net", 1)]),
        ("for w in reversed(m.trainable_weights):\n    w.assign(0)", [("copied", "", 1)]),
        ("for mine in pairs(a.trainable_weights):\n    mine.assign(0)", [("copied", "", 1)]),
        (f"for both in {PAIRS}:\n    both.assign(0)", [("copied", "", 1)]),
        ("for one, two in zip(b.weights, a.weights):\n    one.assign(two)", []),
        (f"for mine, theirs in {PAIRS}:\n    seen.append(theirs)", []),
        (f"for mine, theirs in {PAIRS}:\n    total.assign(theirs)", []),
        ("norm.moving_mean.assign(zeros)", [("reset", "", 1)]),
        ("norm.gamma.assign(ones)", []),
    ],
)
def test_what_is_written(text: str, expected: list[tuple[str, str, int]]) -> None:
    found = [each for node in ast.walk(ast.parse(text)) for each in assignments(node)]
    assert found == expected
