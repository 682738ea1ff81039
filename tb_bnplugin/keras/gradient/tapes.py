"""The gradient tapes of the program that calls."""

from __future__ import annotations

from types import FrameType
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.optimizers.search import is_of_program, local_values

MOST_PLACES: Final = 64  # that are remembered

_BACKPROP: Final = "tensorflow.python.eager.backprop"

_GRADIENTS_OF_BRANCHES: Final = ("_CondGradFuncGraph", "_WhileBodyGradFuncGraph")

_OPTIMIZED: Final = 0x1  # a function's frame: its variables stand in no dictionary


class Places:
    """The places of the program that call a layer, and whether two tapes record there.

    A second-order gradient is no plain sum, and an identity in between changes in which order it
    is added up. Each place is looked at once: its tapes are opened by what stands there.
    """

    def __init__(self) -> None:
        self._several: dict[tuple[Any, ...], bool] = {}

    def have_several_tapes(self, frame: FrameType | None) -> bool:
        """True where two tapes record at once, as far as the callers' variables show."""
        frames = []
        while frame is not None:
            if is_of_program(frame):
                frames.append(frame)
            frame = frame.f_back
        place = tuple((each.f_code, each.f_lasti) for each in frames)
        known = self._several.get(place)
        if known is None:
            tapes = {id(tape) for each in frames for tape in _recording(each)}
            known = len(tapes) > 1
            if len(self._several) < MOST_PLACES:
                self._several[place] = known
        return known


def tape_of_pass(frame: FrameType | None) -> Any:
    """The tape whose `gradient` runs, in a frame or its callers; None: there is none.

    None, too, of a Jacobian, which takes many gradients at once.
    """
    tape = None
    while frame is not None:
        if frame.f_globals.get("__name__") == _BACKPROP:
            if frame.f_code.co_name in ("jacobian", "batch_jacobian"):
                return None
            if tape is None and frame.f_code.co_name == "gradient":
                tape = frame.f_locals.get("self")
        frame = frame.f_back
    return tape


def is_behind_a_branch() -> bool:
    """True in the gradient of a branch or of a loop's body, where no variable can be written.

    TensorFlow builds it for a `tf.cond` or a `tf.while_loop` within a tape, and takes what it
    reads for values of the branch.
    """
    graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
    while graph is not None:
        if type(graph).__name__ in _GRADIENTS_OF_BRANCHES:
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def _recording(frame: FrameType) -> list[Any]:
    optimized = frame.f_code.co_flags & _OPTIMIZED
    values = local_values(frame) if optimized else list(frame.f_globals.values())
    return [
        value
        for value in values
        if isinstance(value, tf.GradientTape) and bool(getattr(value, "_recording", False))
    ]
