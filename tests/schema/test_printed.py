"""One way to print numbers and errors; the page's own is held to the same table (text.test.ts)."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload.values import draw
from tb_bnplugin.diagnose.views.words import value
from tb_bnplugin.printed import error_line, num, num_beside_1, nums, run_name, times_that
from tests.conftest import Flavour

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend" / "tests"
BY_ITSELF = re.compile(r":[,+]?(?:\.\d)?[ge]\}")
TABLE: list[tuple[float, str]] = [
    (one, text)
    for one, text in json.loads((FRONTEND / "golden" / "numbers.json").read_text("utf-8"))
]


@pytest.mark.parametrize(("exact", "text"), TABLE)
def test_number_has_four_digits_or_all_of_its_whole_part(exact: float, text: str) -> None:
    assert num(exact) == text
    assert num(-exact) == (f"-{text}" if exact else "0")


@pytest.mark.parametrize(("exact", "text"), TABLE)
def test_what_is_drawn_is_printed_like_what_is_told(exact: float, text: str) -> None:
    drawn = draw(np.array([exact, -exact]))
    assert [num(one) for one in drawn] == [text, num(-exact)]


def test_evidence_is_printed_like_messages() -> None:
    assert value(16384.00001) == "16384"
    assert value(1 / 64) == "0.01563"
    assert value(1638400) == "1638400"


def test_what_is_no_number_says_so() -> None:
    assert [num(one) for one in (math.nan, math.inf, -math.inf)] == ["nan", "inf", "-inf"]


def test_no_text_prints_a_number_in_a_way_of_its_own() -> None:
    assert BY_ITSELF.search('f"{factor:.4g} times"')
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "tb_bnplugin").rglob("*.py"))
        for line in path.read_text("utf-8").splitlines()
        if BY_ITSELF.search(line) and path.name != "printed.py"
    ]
    assert found == [], "use tb_bnplugin.printed.num"


def test_numbers_of_any_type() -> None:
    found = np.array([0.1], np.float32).astype(np.float64)[0]
    assert [num(found), num(np.float64(12)), num(7)] == ["0.1", "12", "7"]


def test_numbers_that_differ_are_printed_apart() -> None:
    assert nums((1.23456, 1.23451)) == ["1.2346", "1.2345"]
    assert nums((0.5, 2.0)) == ["0.5", "2"]
    assert nums((0.1, 0.1)) == ["0.1", "0.1"]
    assert nums((math.nan, 0.1)) == ["nan", "0.1"]
    assert nums((1.0, 1.0 + 1e-14)) == ["1", "1"]
    assert [num_beside_1(one) for one in (1.0, 1.00003, 10.0001)] == ["1", "1.00003", "10"]


def test_run_that_is_the_log_folder_is_told_as_that() -> None:
    assert [run_name(run) for run in (".", "a/.", "fit/train")] == [
        ". (the log folder)",
        "a/.",
        "fit/train",
    ]


def test_an_error_is_told_by_the_line_that_says_what_is_wrong() -> None:
    assert error_line(ValueError("no labels\nmore of it")) == "ValueError: no labels"
    assert error_line(KeyError()) == "KeyError"
    assert error_line(OSError("\n\n  late")) == "OSError: late"


def test_the_line_that_keras_puts_in_front_is_left_out(flavour: Flavour) -> None:
    """The real thing: a layer that raises when a model is called."""
    keras = flavour.keras

    class Raises(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        def call(self, inputs: Any) -> Any:
            raise ValueError("this layer wants two inputs")

    model = keras.Sequential([Raises()])
    with pytest.raises(ValueError, match="two inputs") as raised:
        model(np.ones((2, 3), np.float32))
    assert "\n" in str(raised.value)
    assert error_line(raised.value) == "ValueError: this layer wants two inputs"


def test_a_factor_below_1_is_told_by_its_reciprocal() -> None:
    said = {
        2.5: "2.5 times that",
        1.0: "1 times that",
        0.25: "4 times smaller than that",
        5.623e-05: "17784 times smaller than that",
        0.0: "0 times that",
    }
    assert {factor: times_that(factor) for factor in said} == said
