"""A preflight at the beginning of a `fit` that runs: with its batch, or with arrays of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.preflights.preflight import preflight
from tb_bnplugin.preflights.report import PreflightReport

BATCH_SIZE: Final = 32  # of Keras, where none is given


def look_ahead(
    model: Any, held: Any, *, expect: tuple[str, ...], source: bool
) -> PreflightReport | None:
    """Make a preflight within a hook of `fit`, and print it; None, and a warning: it failed.

    Args:
        model: that `fit` is about to train.
        held: (x, y) or (x, y, sample_weight), or anything else for a batch of the arrays of `fit`.
        expect: codes of rules whose findings are meant here.
        source: name the lines of the program.
    """
    frame = sys._getframe(1)

    def look() -> PreflightReport:
        given = held if isinstance(held, tuple) else _batch_of_fit(frame)
        x, y, weights = (*given, None, None)[:3]
        return preflight(model, x, y, sample_weight=weights, expect=expect, source=source)

    report = Guard(str(model.name)).attempt("preflight", look)
    if report is not None:
        print(report, file=sys.stderr, flush=True)  # noqa: T201  # what `preflight` promises
    return report


def _batch_of_fit(frame: FrameType | None) -> tuple[Any, ...]:
    """Rows of the arrays that the `fit` around this frame was given.

    Raises:
        ValueError: it was given none. A dataset or a generator is the program's: to take a batch
            of it would draw from it.
    """
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if frame.f_code.co_name == "fit" and package in ("keras", "tf_keras"):
            return _rows(frame.f_locals)
        frame = frame.f_back
    raise ValueError("no `fit` of Keras was found around the callback")


def _rows(given: Mapping[str, Any]) -> tuple[Any, ...]:
    parts = tuple(given.get(name) for name in ("x", "y", "sample_weight"))
    arrays = [part for part in tf.nest.flatten(parts) if part is not None]
    if not arrays or not all(_is_array(part) for part in arrays):
        raise ValueError("fit trains on no arrays: give the callback one batch as probe_data")
    return some_rows(parts, given.get("batch_size") or BATCH_SIZE, given.get("shuffle", True))


def some_rows(parts: tuple[Any, ...], size: int, shuffled: Any) -> tuple[Any, ...]:
    """Some rows of arrays: from all over, as in a batch of shuffled ones, or the first."""
    rows = next(len(part) for part in tf.nest.flatten(parts) if part is not None)
    count = min(size, rows)
    at = np.linspace(0, rows - 1, count).astype(int) if shuffled else np.arange(count)
    return tuple(tf.nest.map_structure(lambda part: _taken(part, at), parts))


def _taken(part: Any, at: Any) -> Any:
    if part is None:
        return None
    return tf.gather(part, at) if tf.is_tensor(part) else part[at]


def _is_array(part: Any) -> bool:
    return (isinstance(part, np.ndarray) or tf.is_tensor(part)) and bool(len(part.shape))
