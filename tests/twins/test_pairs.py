"""`twin` names the first divergence of pairs that part, and finds none where there is none."""

from __future__ import annotations

from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.twin_pairs import DIVERGING, SAME, Pair, load

load()


def compare(pair: Pair) -> Any:
    return tb_bnplugin.twin(pair.model, pair.step, pair.x, pair.y, **pair.options)


@pytest.mark.parametrize("name", DIVERGING)
def test_names_the_first_divergence(flavour: Flavour, name: str) -> None:
    make, stage, message = DIVERGING[name]
    report = compare(make(flavour.keras))
    assert report.first is not None, report
    assert report.first.stage == stage, report
    assert message in report.first.message
    assert not report.same()
    assert not report.unseen


@pytest.mark.parametrize("name", SAME)
def test_finds_nothing_where_both_do_the_same(flavour: Flavour, name: str) -> None:
    report = compare(SAME[name](flavour.keras))
    assert report.same(), report
    assert "the same, up to rounding" in str(report)
