"""Where a layer is being called from: tape or none, evaluate, predict, and in which trace.

Known when the call runs eagerly, or once when it is traced. A trace that callers may run
with or without a tape is "unknown", which no rule turns into a finding.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Final

import tensorflow as tf
from tensorflow.python.eager import record
from tensorflow.python.framework import ops
from tensorflow.python.saved_model import save_context

_STEPS: Final = {
    "train_step": "train",
    "tf__train_step": "train",
    "test_step": "evaluate",
    "tf__test_step": "evaluate",
    "predict_step": "predict",
    "tf__predict_step": "predict",
}

# Here a `tf.function` is being traced: what lies further out is another function, or its caller.
_TRACING_MODULE: Final = "tensorflow.python.eager.polymorphic_function.tracing_compilation"
_FUNCTION_MODULE: Final = "tensorflow.python.eager.polymorphic_function.polymorphic_function"

_EXPORTING: Final = (
    "keras.src.export",
    "tf_keras.src.export",
    "tf_keras.src.saving",
    "tensorflow.lite",
)
_COUNT: Final = re.compile(r"_\d+$")  # TensorFlow numbers loop bodies: each retrace another
_exporting_codes: dict[CodeType, bool] = {}


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """The surroundings of one call."""

    context: str  # one of schema.tables.CONTEXTS
    function: str  # name of the traced function, "" when eager
    jit: bool
    step: str | None = None  # within Keras' own "train", "evaluate" or "predict" step


EAGER_TRAIN_TAPE: Final = CallContext(context="tape", function="", jit=False, step="train")
EAGER_TRAIN_NO_TAPE: Final = CallContext(context="no_tape", function="", jit=False, step="train")
EAGER_TAPE: Final = CallContext(context="tape", function="", jit=False)
EAGER_NO_TAPE: Final = CallContext(context="no_tape", function="", jit=False)
EAGER_EVALUATE: Final = CallContext(context="evaluate", function="", jit=False)
EAGER_PREDICT: Final = CallContext(context="predict", function="", jit=False)


def is_symbolic() -> bool:
    """True if Keras only asks for shapes: the functional API, or a first look at the model."""
    if tf.executing_eagerly():
        return False
    name = str(getattr(ops.get_default_graph(), "name", ""))
    return "scratch_graph" in name or name.startswith("keras_graph")


def is_exporting() -> bool:
    """True if a copy of the model is being traced for an artefact, where no count belongs."""
    if save_context.in_save_context():
        return True
    if tf.executing_eagerly():
        return False
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if _is_exporting_code(frame):
            return True
        frame = frame.f_back
    return False


def current(frame: FrameType | None) -> CallContext:
    """The context of the call whose frame is given (the wrapper's caller, or further out)."""
    if tf.executing_eagerly():
        return _eager_context(frame)
    return _traced_context(frame)


def _eager_context(frame: FrameType | None) -> CallContext:
    while frame is not None:
        step = _STEPS.get(frame.f_code.co_name)
        if step is not None and _is_model(frame.f_locals.get("self")):
            if step == "evaluate":
                return EAGER_EVALUATE
            if step == "predict":
                return EAGER_PREDICT
            recording = record.could_possibly_record()
            return EAGER_TRAIN_TAPE if recording else EAGER_TRAIN_NO_TAPE
        frame = frame.f_back
    return EAGER_TAPE if record.could_possibly_record() else EAGER_NO_TAPE


def _traced_context(frame: FrameType | None) -> CallContext:
    recording = record.could_possibly_record()
    step: str | None = None
    own_tape = False
    functions_entered = 0
    jit = False
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if module == _TRACING_MODULE:
            if frame.f_code.co_name == "trace_function":
                functions_entered += 1
        elif module == _FUNCTION_MODULE:
            jit = jit or bool(getattr(frame.f_locals.get("self"), "_jit_compile", False))
        else:
            named = _STEPS.get(frame.f_code.co_name)
            if named is not None and step is None and _is_model(frame.f_locals.get("self")):
                step = named if functions_entered == 0 or named != "train" else step
            if recording and functions_entered == 0 and not own_tape:
                own_tape = _holds_recording_tape(frame)
        frame = frame.f_back
    return CallContext(
        context=_judge(
            step=step, recording=recording, own_tape=own_tape, nested=functions_entered > 1
        ),
        function=_COUNT.sub("", str(getattr(ops.get_default_graph(), "name", ""))),
        jit=jit,
        step=step,
    )


def _judge(*, step: str | None, recording: bool, own_tape: bool, nested: bool) -> str:
    if step in ("evaluate", "predict"):
        return step
    if recording:
        # A tape of a caller: this trace is kept, and may later be run without one.
        return "tape" if own_tape or step == "train" else "unknown"
    if step == "train" or not nested:
        return "no_tape"
    return "unknown"


def _holds_recording_tape(frame: FrameType) -> bool:
    return any(
        isinstance(value, tf.GradientTape) and bool(getattr(value, "_recording", False))
        for value in list(frame.f_locals.values())
    )


def _is_model(value: Any) -> bool:
    return hasattr(value, "compute_loss") and hasattr(value, "test_step")


def _is_exporting_code(frame: FrameType) -> bool:
    known = _exporting_codes.get(frame.f_code)
    if known is None:
        module = str(frame.f_globals.get("__name__", ""))
        known = module.startswith(_EXPORTING)
        _exporting_codes[frame.f_code] = known
    return known
