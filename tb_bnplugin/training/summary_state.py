"""The state of TensorFlow's summary module: the default writer, the step, XLA."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import tensorflow as tf
from tensorflow.python.ops import summary_ops_v2

_Known = TypeVar("_Known")
_FUNCTION_MODULE = "tensorflow.python.eager.polymorphic_function.polymorphic_function"


def current_writer() -> Any:
    """The default writer, or None. TensorFlow has no public name for it."""
    return summary_ops_v2._summary_state.writer


@contextmanager
def default_writer(writer: Any) -> Iterator[None]:
    """A default writer for a while. `as_default` would trace a flush of this writer for good."""
    state = summary_ops_v2._summary_state
    before, state.writer = state.writer, writer
    try:
        yield
    finally:
        state.writer = before


def resolve_step(step: Any, op: str) -> Any:
    """The step given, or the default one, as an int64 scalar tensor.

    Raises:
        ValueError: no step was given, and there is no default one.
        TypeError: it is no number.
    """
    if step is None:
        step = tf.summary.experimental.get_step()
    if step is None:
        raise ValueError(
            f"tb_bnplugin.summary.{op} needs a step and found none: pass step=..., or call"
            " tf.summary.experimental.set_step(step) once before the loop"
        )
    try:
        number = tf.cast(step, tf.int64)
    except (TypeError, ValueError, tf.errors.OpError):
        number = None
    if number is None or number.shape.rank not in (0, None):
        raise TypeError(
            f"tb_bnplugin.summary.{op} needs a step that is one number, an int or an integer"
            f" scalar tensor; received {step!r} ({type(step).__name__})"
        )
    return number


def refuse_xla(op: str) -> None:
    """Raises RuntimeError inside a function that XLA compiles, where no summary op can run."""
    if compiled_by_xla():
        raise RuntimeError(
            f"tb_bnplugin.summary.{op} was called inside a tf.function with jit_compile=True, where"
            " XLA can run no summary op: call it after that function, in the loop around it (the"
            " modes are counted inside all the same)"
        )


def callers_own(known: Mapping[int, _Known]) -> _Known | None:
    """The value known for the innermost caller's `self` or `model`, by its identity."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        for name in ("self", "model"):
            found = known.get(id(frame.f_locals.get(name)))
            if found is not None:
                return found
        frame = frame.f_back
    return None


def compiled_by_xla() -> bool:
    """True inside a function that XLA compiles."""
    if tf.executing_eagerly():
        return False
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__") == _FUNCTION_MODULE and getattr(
            frame.f_locals.get("self"), "_jit_compile", False
        ):
            return True
        frame = frame.f_back
    return False
