"""D6 of the demo, on both flavours: what each program must show, and what not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.demo.conftest import Demo, cells, findings, serious

SCENARIOS = ("D6",)

# The first test waits for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("run", "factor", "times"),
    [("2_not_divided", "2.00", "too large"), ("3_divided_twice", "0.50", "too small")],
)
def test_a_loss_that_is_divided_wrongly(
    report: Mapping[str, Any], demo: Demo, run: str, factor: str, times: str
) -> None:
    found = findings(report, f"D6/{run}")
    assert serious(found) == {"LR105"}
    assert times in found["LR105"]["message"]
    assert cells(demo.printed, run)[2] == factor


def test_a_loss_that_is_divided_once(report: Mapping[str, Any], demo: Demo) -> None:
    assert serious(findings(report, "D6/1_divided_once")) == set()
    assert cells(demo.printed, "1_divided_once")[2] == "1.00"


def test_replicas_with_a_camera_each_drift_apart(report: Mapping[str, Any], demo: Demo) -> None:
    found = findings(report, "D6/4_each_replica_its_camera/train")
    assert serious(found) == {"BN206"}
    # the bright images are four times the dark ones, and so 16 times in variance
    assert found["BN206"]["evidence"]["variance_factor"] == pytest.approx(16, rel=0.3)
    in_fit, saved, _, _ = map(float, cells(demo.printed, "4_each_replica_its_camera"))
    assert saved < in_fit - 0.1  # each replica validates with its own copy, and one is saved


def test_shuffled_replicas_are_alike(report: Mapping[str, Any]) -> None:
    assert serious(findings(report, "D6/5_shuffled/train")) == set()


def test_no_rule_crashed(report: Mapping[str, Any]) -> None:
    outcomes = [outcome for entry in report["runs"] for outcome in entry["outcomes"]]
    assert [out for out in (*outcomes, *report["comparisons"]) if out["status"] == "crashed"] == []
