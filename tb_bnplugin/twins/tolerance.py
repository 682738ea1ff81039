"""How far apart two computations of the same numbers may be: rounding, and no more.

Each operation in floating point is exact up to a factor 1 + d with |d| <= u, the unit roundoff
(2^-24 in float32). A sum or product of n terms then is off by at most n u times the sum of their
absolute values, and, since roundings are nearly independent of each other and of mean zero, with
overwhelming probability by no more than a small multiple of sqrt(n) u (Higham and Mary, "A new
approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41(5), 2019). Two programs
that compute the same in another order are apart by at most twice that. What n is follows from the
model: the terms that one number is made of, one layer after the other (the sum of all fan-ins),
and the values of the batch that the backward pass adds up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.twins.observed import Floats

CONFIDENCE: Final = 8.0
"""The multiple of sqrt(n) u: a chance below 2 exp(-8^2 / 2) = 3e-14 for each number, in theory."""

UNIT_ROUNDOFF: Final = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11}

_BFLOAT16: Final = 2.0**-8


class Tolerance:
    """The effect that rounding may have in one model on one batch."""

    def __init__(self, unit: float, terms: int, *, relative: float | None = None) -> None:
        """Take the tolerance.

        Args:
            unit: the unit roundoff of the coarsest precision in use.
            terms: that one number is made of.
            relative: the relative distance itself, where it is not that of rounding.
        """
        self.unit = unit
        rounding = min(CONFIDENCE * unit * float(np.sqrt(max(terms, 1))), 0.25)
        self.relative = rounding if relative is None else relative

    @classmethod
    def of(cls, dtypes: Sequence[str], shapes: Sequence[tuple[int, ...]], values: int) -> Tolerance:
        """The tolerance of a model.

        Args:
            dtypes: in which its layers compute.
            shapes: of its weights.
            values: in the batch.
        """
        unit = max((UNIT_ROUNDOFF.get(dtype, _BFLOAT16) for dtype in dtypes), default=2.0**-24)
        fan_ins = sum(int(np.prod(shape[:-1])) for shape in shapes if len(shape) > 1)
        return cls(max(unit, 2.0**-24), fan_ins + values)

    def same(self, first: Floats, second: Floats, scale: float | None = None) -> bool:
        """True where two arrays are apart by rounding alone.

        Args:
            first: one of them.
            second: the other.
            scale: the size of the terms that they are sums of; their own if None.
        """
        if first.shape != second.shape:
            return False
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            return bool(np.array_equal(first, second, equal_nan=True))
        size = max(norm(first), norm(second), scale or 0.0)
        return norm(first - second) <= self.relative * size

    def same_number(self, first: float, second: float, scale: float = 0.0) -> bool:
        """The same of two numbers."""
        return self.same(np.array([first]), np.array([second]), scale)


def norm(values: npt.NDArray[np.float64]) -> float:
    """The root of the sum of the squares."""
    return float(np.sqrt(np.sum(np.square(values, dtype=np.float64))))


def ratio(first: Floats, second: Floats) -> tuple[float, float]:
    """The factor that makes the second of the first, and the cosine between them; NaN: neither.

    A cosine of 1 says that the factor explains all.
    """
    if first.shape != second.shape:
        return float("nan"), float("nan")
    squared, other = float(np.sum(first * first)), float(np.sum(second * second))
    if not squared > 0.0 or not other > 0.0:
        return float("nan"), float("nan")
    product = float(np.sum(first * second))
    return product / squared, product / float(np.sqrt(squared * other))
