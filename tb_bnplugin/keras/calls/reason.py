"""Why a layer was given its `training` value, read from the frames of a trace.

By then the value is resolved. What each enclosing `Layer.__call__` was given tells where it
came from: this call's own argument, a functional graph, an outer layer, or a default.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

import numpy as np

_LAYER_MODULES: Final = ("keras.src.layers.layer", "tf_keras.src.engine.base_layer")
_CALL_MODULES: Final = (*_LAYER_MODULES, "tf_keras.src.engine.training")
_GRAPH_MODULES: Final = (
    "keras.src.ops.function",
    "keras.src.models.functional",
    "tf_keras.src.engine.functional",
)
# TensorFlow 2.16's autograph converts tf_keras: its functions get other names, and branches and
# loops become functions of their own.
_CONVERTED: Final = "tf__"
_BRANCH: Final = re.compile(r"(if|else|loop)_body(_\d+)?")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Where a `training` value came from."""

    reason: str  # "explicit", "graph", "inherited", "default", "sibling", "unknown"
    source: Any = None  # for "inherited" the layer that holds the value; for "default" the
    # outermost one that was given a value, where the code within it turned that into None


_UNKNOWN: Final = Reason(reason="unknown")


def find(layer: Any, value: Any, frame: FrameType | None) -> Reason:
    """The reason why `layer` is called with `training=value`.

    Args:
        layer: the layer whose `call` runs.
        value: the value `call` received: a bool, an int, a tensor or None.
        frame: a frame inside `layer.__call__`, where the search goes outward from.
    """
    calls = list(_layer_calls(frame))
    if not calls or calls[0][0] is not layer:
        return _UNKNOWN  # `layer.call(...)` called by hand, which resolves nothing
    given = _given(calls[0][1])
    if given is not None:
        asked_by = _asked_by(layer, given, calls[0][1])
        if asked_by != "inherited":
            return Reason(reason=asked_by)
    elif value is None:
        return Reason(reason="default", source=_outermost_given(calls[1:]))
    holder: tuple[Any, str] | None = None
    for ancestor, call_frame in calls[1:]:
        passed = _given(call_frame)
        asked_by = "default" if passed is None else _asked_by(ancestor, passed, call_frame)
        if passed is None:
            passed = _default(ancestor)
        if passed is not None and _same(passed, value):
            holder = (ancestor, asked_by)  # the outermost one wins
    if holder is not None:
        # Inside a functional graph that asks for the mode of a whole nested model.
        return Reason(reason="graph" if holder[1] == "graph" else "inherited", source=holder[0])
    default = _default(layer)
    if (default is not None and _same(default, value)) or _is_false(value):
        return Reason(reason="default")  # nobody gave one: Keras takes inference
    # Keras 3 keeps one context for a whole call: a value that no ancestor holds was left
    # behind by a layer called earlier.
    return Reason(reason="sibling")


def _outermost_given(calls: Sequence[tuple[Any, FrameType]]) -> Any:
    """The outermost of the layers around that was given a value; None where none was."""
    given = [layer for layer, call_frame in calls if _given(call_frame) is not None]
    return given[-1] if given else None


def _asked_by(layer: Any, given: Any, call_frame: FrameType) -> str:
    """Who gave this argument: "explicit" code, the "graph", or the model around ("inherited")."""
    graph = _graph_frame(call_frame)
    if graph is None:
        return "explicit"
    passed_on = graph.f_locals.get("training")
    if passed_on is not None and _same(passed_on, given):
        return "inherited"  # Keras 3 hands a functional model's own value to each layer
    default = _default(layer)
    if default is not None and _same(default, given):
        return "unknown"  # Keras 3 stores a default as if it had been asked for
    return "graph"


def _layer_calls(frame: FrameType | None) -> Iterator[tuple[Any, FrameType]]:
    """(layer, frame) of each enclosing `Layer.__call__`, innermost first, once a layer call."""
    while frame is not None:
        if _name(frame) == "__call__" and frame.f_globals.get("__name__") in _LAYER_MODULES:
            layer = frame.f_locals.get("self")
            if layer is not None:
                yield layer, frame
        frame = frame.f_back


def _given(call_frame: FrameType) -> Any:
    """The `training` argument that this `Layer.__call__` was given by its caller, or None.

    `__call__` itself fills in what it resolves; Keras' traceback filter, one frame further
    out in every version, still holds what the caller passed.
    """
    caller = _outward(call_frame)
    if caller is None or _name(caller) != "error_handler":
        return None
    kwargs = caller.f_locals.get("kwargs")
    if isinstance(kwargs, dict) and "training" in kwargs:
        return kwargs["training"]
    args = caller.f_locals.get("args")
    layer = call_frame.f_locals.get("self")
    if isinstance(args, tuple) and len(args) > 2 and layer is not None:
        # (self, inputs, training): tf_keras takes it by position too
        names = list(_parameters(layer))
        if "training" in names and names.index("training") < len(args):
            return args[names.index("training")]
    return None


def _graph_frame(call_frame: FrameType) -> FrameType | None:
    """The frame of the functional model's `call` that makes this call, if one does."""
    frame = _outward(call_frame)
    seen_graph = False
    for _ in range(12):  # traceback filters stand in between
        if frame is None:
            return None
        module = frame.f_globals.get("__name__")
        if module in _GRAPH_MODULES:
            seen_graph = True
            if _name(frame) == "call" and "inputs" in frame.f_locals:
                return frame
        elif (seen_graph and module in _LAYER_MODULES) or (
            _name(frame) in ("call", "__call__") and module not in _CALL_MODULES
        ):
            return None
        frame = _outward(frame)
    return None


def _name(frame: FrameType) -> str:
    return frame.f_code.co_name.removeprefix(_CONVERTED)


def _outward(frame: FrameType) -> FrameType | None:
    """The next frame further out, but for those that autograph puts in between."""
    outer = frame.f_back
    while outer is not None and (
        _BRANCH.fullmatch(outer.f_code.co_name)
        or str(outer.f_globals.get("__name__")).startswith("tensorflow.python.autograph.")
    ):
        outer = outer.f_back
    return outer


def _default(layer: Any) -> Any:
    parameter = _parameters(layer).get("training")
    if parameter is None or parameter.default is inspect.Parameter.empty:
        return None
    return parameter.default


def _parameters(layer: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(type(layer).call).parameters
    except (TypeError, ValueError):
        return {}


def _is_false(value: Any) -> bool:
    """True for a number or bool that says inference; a tensor is not compared."""
    return isinstance(value, (bool, int, float, np.generic)) and not value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (bool, int)) and isinstance(other, (bool, int)):
        return bool(one) == bool(other)
    return one is other
