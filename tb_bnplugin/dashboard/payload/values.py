"""Numbers for JSON: not finite becomes null, drawn ones have the digits of a text."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.history.model import Floats
from tb_bnplugin.printed import DIGITS, GUARD, WHOLE

Json = dict[str, Any]
Drawn = list[float | None]

SCHEMA_VERSION: Final = 1
"""Of the answers that say it: `Runs` and `Report`."""


def draw(values: Floats | npt.NDArray[np.float32]) -> list[Any]:
    """Values of any rank as nested lists, null where not finite, with the digits of a text.

    These are those of `printed.num`: four, the whole part in full, a half rounded up.
    """
    exact = np.asarray(values, np.float64)
    finite = np.isfinite(exact)
    sizes = np.where(finite & (exact != 0.0), np.abs(exact), 1.0)
    whole = np.floor(np.log10(sizes)) + 1.0
    exponents = np.clip(DIGITS - whole, -300.0, 300.0)
    exponents[(whole > DIGITS) & (whole <= WHOLE)] = 0.0
    # A quotient by a power of ten prints short; a product with a negative power would not.
    up, down = 10.0 ** np.maximum(exponents, 0.0), 10.0 ** np.maximum(-exponents, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.where(finite, exact, 0.0) / down * up
        guarded = np.floor(np.abs(scaled) * 10.0**GUARD + 0.5) / 10.0**GUARD
        rounded = np.copysign(np.floor(guarded + 0.5), scaled) / up * down
    drawn = rounded.astype(object)
    drawn[~(finite & np.isfinite(rounded))] = None
    nested: list[Any] = drawn.tolist()
    return nested


def number(value: float | None) -> float | None:
    """One number with all its digits, null where not finite."""
    return None if value is None or not math.isfinite(value) else float(value)
