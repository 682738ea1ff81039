"""The flag that a call passes as `training`, followed to the line that sets it to False."""

from __future__ import annotations

import pytest

from tb_bnplugin.keras.lines.switched import switched
from tests.support.programs import SHOWN, program, seen

STEP = "def step(x, training):\n    return model(x, training=training)\n"
FLAG = "mode = {'training': True}\n"
OFF = "mode['training'] = False\n"
SELF = "class A:\n    def step(self, x):\n        self.m(x, training=self.train)\n"


NESTED = """\
def run():
    on = True
    def off():
        nonlocal on
        on = False
    model(x, training=on)
"""


@pytest.mark.parametrize(
    ("text", "lines", "expected"),
    [
        (f"{STEP}{FLAG}step(1, mode['training'])\n{OFF}", (2, 4), 5),
        (f"{STEP}{FLAG}step(training=mode['training'], x=1)\n{OFF}", (2, 4), 5),
        (f"{STEP}step(1, False)\n", (2, 3), 3),
        ("training = False\nmodel(x, training=training)\n", (2,), 1),
        ("training = True\nmodel(x, training=training)\ntraining = False\n", (2,), 3),
        (f"{SELF}    def stop(self):\n        self.train = False\n", (3,), 5),
        (NESTED, (6,), 5),
    ],
    ids=["flag", "by name", "argument", "name", "set back", "attribute", "nonlocal"],
)
def test_the_line_that_sets_it(text: str, lines: tuple[int, ...], expected: int) -> None:
    program(text)
    [(value, _, number)] = switched(seen(*lines))
    assert (value, number) == (f"false at {SHOWN}:{lines[0]}", expected)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{STEP}{FLAG}step(1, mode['training'])\n{OFF}{OFF}", (2, 4)),
        (f"{STEP}{FLAG}step(1, mode['training'])\nmode['other'] = False\n", (2, 4)),
        (f"{STEP}{FLAG}step(1, mode['training'])\nmode['training'] = flag\n", (2, 4)),
        (f"{STEP}{FLAG}step(1, mode['training'])\nmode['training'] = True\n", (2, 4)),
        (f"{STEP}step(*given)\ntraining = False\n", (2, 3)),
        (f"{STEP}run(step, False)\n", (2, 3)),
        (f"{STEP}step(1, False), step(2, True)\n", (2, 3)),
        (f"{STEP}step(1, True)\n", (2, 3)),
        (f"{STEP}training = False\n", (2,)),
        ("model(x, training=False)\ntraining = False\n", (1,)),
        ("model(x, training=on)\ndef other():\n    on = False\n", (1,)),
        ("on = False\nfor on in (True, False):\n    model(x, training=on)\n", (3,)),
        (f"{SELF}class B:\n    def stop(self):\n        self.train = False\n", (3,)),
        (f"{FLAG}model(x, training=mode['training'])\ndef f(mode):\n    {OFF}", (2,)),
        ("this is no program\n", (1,)),
    ],
    ids=[
        *("two", "another flag", "a value that is not known", "only True", "unpacked"),
        *("handed to another", "called twice", "asks for training", "no caller", "a constant"),
        *("another's name", "a loop", "another class", "another's flag", "no program"),
    ],
)
def test_nothing_where_it_is_not_known(text: str, lines: tuple[int, ...]) -> None:
    program(text)
    assert not list(switched(seen(*lines)))
