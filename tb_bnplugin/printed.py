"""Numbers, names and errors as all texts have them: findings, `check`, a console, the page.

The page prints numbers in `frontend/src/model/text.ts`, by the same rule.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

DIGITS: Final = 4
"""Significant digits of a number."""

WHOLE: Final = 9
"""Digits up to which the whole part of a number is written in full: steps and counts have them."""

GUARD: Final = 2
"""Digits to which a number is rounded first: 1/64 that was measured is 0.01562499, and a half."""

MOST_DIGITS: Final = 9
"""Those of two numbers that would look alike with fewer: float32 holds no more."""

LOG_FOLDER: Final = ". (the log folder)"
"""TensorBoard calls the run whose events lie in the log folder itself "."."""

_KERAS_SAYS_WHERE: Final = re.compile(r"Exception encountered when calling |.*Error encountered:$")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")


def num(value: float, digits: int = DIGITS) -> str:
    """A number with four significant digits, its whole part in full, and a half rounded up.

    Above nine digits, and below 0.0001, it has an exponent.

    Args:
        value: any number; one that is not finite is "nan", "inf" or "-inf".
        digits: significant digits at least, where four are too few.

    Example:
        >>> [num(one) for one in (0.015625, 1 / 3, 16384.0, 12345.6, 2e6, 1e-5)]
        ['0.01563', '0.3333', '16384', '12346', '2000000', '1e-05']
    """
    exact = Decimal(float(value))
    if not exact.is_finite():
        return str(float(value))
    if not exact:
        return "0"
    whole = exact.adjusted() + 1
    kept = max(digits, whole) if whole <= WHOLE else digits
    rounded = _rounded(_rounded(exact, kept + GUARD), kept)
    if -DIGITS <= rounded.adjusted() < WHOLE:
        return f"{rounded.normalize():f}"
    mantissa, exponent = f"{rounded.normalize():e}".split("e")
    return f"{mantissa}e{int(exponent):+03d}"


def _rounded(exact: Decimal, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_HALF_UP).plus(exact)


def nums(values: Sequence[float]) -> list[str]:
    """Several numbers, with as many digits as tell those apart that differ."""
    for digits in range(DIGITS, MOST_DIGITS):
        texts = [num(value, digits) for value in values]
        if len({*texts}) == len({*values}) or any(math.isnan(value) for value in values):
            return texts
    return [num(value, MOST_DIGITS) for value in values]


def num_beside_1(factor: float) -> str:
    """A factor, with as many digits as tell it from 1."""
    return nums((factor, 1.0))[0]


def times_that(factor: float) -> str:
    """A size against another, to go on with "of ...": a factor below 1 by its reciprocal.

    Example:
        >>> [times_that(one) for one in (2.5, 5.623e-05)]
        ['2.5 times that', '17784 times smaller than that']
    """
    if 0.0 < factor < 1.0:
        return f"{num(1.0 / factor)} times smaller than that"
    return f"{num(factor)} times that"


def times_as(factor: float) -> str:
    """A size against another, to go on with "as ...": a factor of 1 or below by its reciprocal.

    Example:
        >>> [times_as(one) for one in (255.0, 0.25)]
        ['255 times as large', '4 times as small']
    """
    return f"{num(factor)} times as large" if factor > 1 else f"{num(1 / factor)} times as small"


def error_line(error: BaseException) -> str:
    """An exception in one line: its class and the first line of its text that says what is wrong.

    Keras puts lines in front of what a layer raises, which say where that was.
    """
    lines = [line.strip() for line in _COLOURS.sub("", str(error)).splitlines() if line.strip()]
    while len(lines) > 1 and _KERAS_SAYS_WHERE.match(lines[0]):
        del lines[0]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def run_name(run: str) -> str:
    """A run as a reader understands it."""
    return LOG_FOLDER if run == "." else run
