"""What TensorFlow's summary module knows here and now: the default writer, the step, XLA."""

from __future__ import annotations

import sys
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import summary_ops_v2

_FUNCTION_MODULE = "tensorflow.python.eager.polymorphic_function.polymorphic_function"


def current_writer() -> Any:
    """The default writer, or None. TensorFlow has no public name for it."""
    return summary_ops_v2._summary_state.writer


def resolve_step(step: Any, op: str) -> Any:
    """The step given, or the default one; raises ValueError where there is none."""
    if step is None:
        step = tf.summary.experimental.get_step()
    if step is None:
        raise ValueError(
            f"tb_bnplugin.summary.{op} needs a step and found none: pass step=..., or call"
            " tf.summary.experimental.set_step(step) once before the loop"
        )
    return step


def refuse_xla(op: str) -> None:
    """Raises RuntimeError inside a function that XLA compiles, where no summary op can run."""
    if tf.executing_eagerly():
        return
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == _FUNCTION_MODULE and getattr(
            frame.f_locals.get("self"), "_jit_compile", False
        ):
            raise RuntimeError(
                f"tb_bnplugin.summary.{op} was called inside a tf.function with"
                " jit_compile=True, where XLA can run no summary op: call it after that"
                " function, in the loop around it (the modes are counted inside all the same)"
            )
        following = frame.f_back
        if following is None:
            return
        frame = following
