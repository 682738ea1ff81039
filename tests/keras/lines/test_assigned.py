"""Weights that the text of a program copies, and statistics that it resets."""

from __future__ import annotations

import ast

import pytest

from tb_bnplugin.keras.lines.assigned import assignments

PAIRS = "zip(b.trainable_variables, a.trainable_variables)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"for mine, theirs in {PAIRS}:\n    mine.assign(theirs)", [("copied", 1)]),
        ("for at, w in enumerate(m.trainable_weights):\n    w.assign(v[at])", [("copied", 1)]),
        ("for one, two in zip(b.weights, a.weights):\n    one.assign(two)", []),
        (f"for mine, theirs in {PAIRS}:\n    seen.append(theirs)", []),
        (f"for mine, theirs in {PAIRS}:\n    total.assign(theirs)", []),
        ("norm.moving_mean.assign(zeros)", [("reset", 1)]),
        ("norm.gamma.assign(ones)", []),
    ],
)
def test_what_is_written(text: str, expected: list[tuple[str, int]]) -> None:
    found = [each for node in ast.walk(ast.parse(text)) for each in assignments(node)]
    assert found == expected
