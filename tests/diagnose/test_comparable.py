"""What is held of a run to compare it gives what the whole run gives."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from tb_bnplugin.diagnose import comparable, compare, diagnose
from tb_bnplugin.history.model import ModelHistory
from tests.diagnose.rules import test_cr101_loss_scale_differs as cr101
from tests.diagnose.rules import test_cr102_mode_differs as cr102
from tests.support.histories import create_history, create_loss

PAIRS: dict[str, tuple[ModelHistory, ModelHistory]] = {
    f"{module.__name__.rpartition('.')[2]}, {name}": pair
    for module in (cr101, cr102)
    for cases in (
        vars(module)[found] for found in ("FINDINGS", "INFOS", "SILENT") if found in vars(module)
    )
    for name, pair in cases.items()
}


@pytest.mark.parametrize("name", PAIRS)
def test_comparing_what_is_held_gives_the_same(name: str) -> None:
    one, other = PAIRS[name]
    found, swapped = (diagnose(one), diagnose(other)), (diagnose(other), diagnose(one))
    assert compare(comparable(one), comparable(other), found=found) == compare(one, other)
    assert compare(comparable(other), comparable(one), found=swapped) == compare(other, one)


@pytest.mark.parametrize("at", [0, 7, 25, 48, 49])
def test_a_learning_rate_that_changes_once_is_seen_to(at: int) -> None:
    rates = np.full(50, 0.1)
    rates[at] = 0.05
    one = create_history(
        run="a", losses=[create_loss(measured=5.0)], model={"learning_rate": rates}
    )
    other = create_history(run="b", losses=[create_loss()], model={"learning_rate": 0.1})
    assert compare(comparable(one), comparable(other)) == compare(one, other)


def test_without_any_record_it_is_what_it_was() -> None:
    empty, whole = create_history(steps=(), run="a"), create_history(run="b")
    assert compare(comparable(empty), comparable(whole)) == compare(empty, whole)


def test_it_is_small_however_long_a_run_is() -> None:
    long = create_history(steps=range(1, 1001), layers=50)
    assert len(comparable(long).steps) <= 8
    assert len(pickle.dumps(comparable(long))) < len(pickle.dumps(long)) / 20
