from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_bnplugin.dashboard.payload.values import draw, number
from tb_bnplugin.printed import num


@pytest.mark.parametrize(
    ("value", "drawn"),
    [
        (0.0, 0.0),
        (1.0, 1.0),
        (0.123456, 0.1235),
        (-0.000123456, -0.0001235),
        (123456.7, 123457.0),
        (0.015625, 0.01563),
        (-0.015625, -0.01563),
        (9.9996, 10.0),
        (1e-300, 1e-300),
        (1.23456e30, 1.235e30),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
    ],
)
def test_drawn_values_keep_the_digits_of_a_text(value: float, drawn: float | None) -> None:
    assert draw(np.array([value])) == [drawn]


# Powers of ten are exact up to 10^22; beyond, a rounded value may print longer.
@given(st.floats(min_value=1e-17, max_value=1e17))
def test_drawn_values_are_those_of_a_text(value: float) -> None:
    (drawn,) = draw(np.array([value]))
    assert drawn == pytest.approx(float(num(value)), rel=2e-4)
    digits = json.dumps(drawn).partition("e")[0].replace(".", "").strip("0")
    assert len(digits) <= (9 if 1e4 <= value < 1e9 else 4)


def test_nesting_is_kept() -> None:
    assert draw(np.array([[1.0, np.nan], [2.0, 3.0]])) == [[1.0, None], [2.0, 3.0]]


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_number_that_is_not_finite_is_null(value: float | None) -> None:
    assert number(value) is None


def test_number_keeps_all_digits() -> None:
    assert number(0.12345678901234567) == 0.12345678901234567
