"""The line that makes the target which a loss is given."""

from __future__ import annotations

import ast

import pytest

from tb_bnplugin.keras.lines.targets import targets

STEP = "def step(r, q, done):\n    {}\n    return error(t, q)\n"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("t = r + GAMMA * tf.reduce_max(q)", 2),
        ("best = GAMMA * tf.reduce_max(q)\n    t = r + best", 3),
        ("t = r + q\n    t2 = t * 2", 2),
        ("sum = r + q\n    t = tf.stop_gradient(sum)", 2),
        ("t = tf.add(r, q)", 2),
        ("t = 0.5 * q", None),  # no rows meet here
        ("t = make(r, q)", None),
        ("q2 = done * q\n    t = r + q2", None),  # which of both?
        ("q2 = tf.where(done, 0.0, q)\n    t = r + q2", None),
        ("t = r + q\n    t = t + done", None),
        ("for t in r + q: pass", None),
        ("t: float", None),
        ("pass", None),
    ],
)
def test_the_one_line_in_which_rows_can_meet(made: str, expected: int | None) -> None:
    tree = ast.parse(STEP.format(made))
    found = [] if expected is None else [("error", expected, "step")]
    assert list(targets(tree, {"error"})) == found
    assert not list(targets(tree, {"other"}))


def test_a_target_that_is_given() -> None:
    text = "def step(t, q):\n    a = t + q\n    return error(t, q), error(t + q, q)\n"
    assert not list(targets(ast.parse(text), {"error"}))
    assert not list(targets(None, {"error"}))
