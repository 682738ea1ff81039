"""Programs that hand their loss over, and programs that do not."""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest

from tb_bnplugin.keras.gradient.handing import hands_loss_over

PROGRAMS: dict[str, tuple[str, bool]] = {
    "in the loop": (
        "def loop(step):\n    step()\n    tb.loss_reduction(1)\ndef run(step):\n    loop(step)",
        True,
    ),
    "in a function of the module": (
        "def log():\n    loss_reduction(1)\ndef run(step):\n    step()",
        True,
    ),
    "in a class of the module": (
        "class A:\n    def log(self):\n        tb.loss_reduction(1)\ndef run(step):\n    step()",
        True,
    ),
    "in a function within one": (
        "def run(step):\n    def log():\n        tb.loss_reduction(1)\n    step()",
        True,
    ),
    "nowhere": ("def run(step):\n    loss = 1\n    step()", False),
    "in a text alone": ("def run(step):\n    'loss_reduction'\n    step()", False),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_modules_that_run_the_step_are_looked_at(name: str) -> None:
    text, names_it = PROGRAMS[name]
    program = ModuleType("program")
    vars(program)["tb"] = MagicMock()
    exec(text, vars(program))
    frames: list[FrameType] = []

    def step() -> None:
        frame: Any = sys._getframe(1)
        while frame is not None:  # without those of this test, which names it
            if frame.f_globals.get("__name__") == "program":
                frames.append(frame)
            frame = frame.f_back
        assert any(_alone(each) for each in frames) == names_it

    program.run(step)
    assert frames


def _alone(frame: FrameType) -> bool:
    """One frame, as if nothing had called it."""

    class Frame:
        f_globals, f_code, f_back = frame.f_globals, frame.f_code, None

    found: Any = Frame()
    return hands_loss_over(found)
