"""The lines of the user's program that are being run, read from the frames of a call.

Walked once for each way of calling, never at a step. Code that autograph made is shown as the
lines that it was made of.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final

from tensorflow.python.util import tf_stack

from tb_bnplugin.keras.lines.text import is_generated, is_users, line_at
from tb_bnplugin.schema.places import Line

MOST_INNER: Final = 6
"""Lines that are kept within the calls of layers, the innermost first."""

MOST_OUTER: Final = 6
"""Lines that are kept outside of them: the call of the model, and its callers."""

_LAYER_MODULES: Final = ("keras.src.layers.layer", "tf_keras.src.engine.base_layer")


def users_lines(frame: FrameType | None) -> tuple[Line, ...]:
    """The user's lines from `frame` outward, the innermost first; () where there are none."""
    found: list[tuple[str, int, str, int]] = []
    mapped: Mapping[tuple[str, int], tuple[str, int, str]] | None = None
    calls = 0
    while frame is not None:
        code = frame.f_code
        if is_generated(code.co_filename):
            mapped = _source_map() if mapped is None else mapped
            origin = mapped.get((code.co_filename, frame.f_lineno))
            if origin is not None and is_users(origin[0]):
                place = (*origin, calls)
                if not found or found[-1][:2] != place[:2]:
                    found.append(place)
        elif is_users(code.co_filename):
            found.append((code.co_filename, frame.f_lineno, code.co_name, calls))
        elif code.co_name in ("__call__", "tf____call__") and _is_layer(frame):
            calls += 1
        frame = frame.f_back
    placed = [(*place[:3], calls - place[3]) for place in found]
    inner = [place for place in placed if place[3]][:MOST_INNER]
    outer = [place for place in placed if not place[3]][:MOST_OUTER]
    return tuple(
        line_at(file, number, function, depth=depth)
        for file, number, function, depth in (*inner, *outer)
    )


def nearest_line(frame: FrameType | None) -> Line | None:
    """The user's line nearest to `frame`; cheap where it was asked for before."""
    while frame is not None and not is_users(frame.f_code.co_filename):
        if is_generated(frame.f_code.co_filename):
            return next(iter(users_lines(frame)), None)
        frame = frame.f_back
    if frame is None:
        return None
    return _line_once(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


_line_once = functools.lru_cache(maxsize=256)(line_at)


def _is_layer(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") in _LAYER_MODULES


def _source_map() -> Mapping[tuple[str, int], tuple[str, int, str]]:
    """The lines that autograph made, and those they were made of."""
    try:
        stacks: Any = tf_stack._source_mapper_stacks
        found: Mapping[tuple[str, int], tuple[str, int, str]] = stacks[tf_stack._get_thread_key()][
            -1
        ].get_effective_source_map()
        return found
    except (AttributeError, KeyError, IndexError):  # another TensorFlow: lines are not known
        return {}
