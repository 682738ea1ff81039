"""Programs that hand their loss over: only of these are predictions looked at in a graph.

Who looks at them in a graph may keep TensorFlow from fusing them with what the program makes of
them, so that weights differ in the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType
from typing import Any, Final

from tb_bnplugin.keras.optimizers.search import is_of_program

NAME: Final = "loss_reduction"


def hands_loss_over(frame: FrameType | None) -> bool:
    """True where a module of the program that is running now names `loss_reduction`.

    Args:
        frame: the innermost.
    """
    while frame is not None:
        if is_of_program(frame) and any(map(_names_it, _codes(frame))):
            return True
        frame = frame.f_back
    return False


def _codes(frame: FrameType) -> Iterator[CodeType]:
    """The code that runs, and that of the functions and classes of its module."""
    yield frame.f_code
    module = frame.f_globals.get("__name__")
    for value in list(frame.f_globals.values()):
        if getattr(value, "__module__", None) != module:
            continue
        for each in [value, *(vars(value).values() if isinstance(value, type) else ())]:
            function: Any = getattr(each, "python_function", each)  # of a `tf.function`
            if isinstance(function, FunctionType):
                yield function.__code__


def _names_it(code: CodeType) -> bool:
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return NAME in code.co_names or any(map(_names_it, inner))
