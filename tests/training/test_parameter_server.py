"""A model of ParameterServerStrategy is refused at once, and its training goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Flavour
from tests.support.forked import start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CAN_DO = "MirroredStrategy or MultiWorkerMirroredStrategy"


def run(who: str, flavour: str, folder: Path) -> dict[str, Any]:
    """The program in a process of its own: a coordinator changes how operations run."""
    ended = start(
        "tests.training.parameter_server_program",
        who,
        str(folder),
        output=folder.with_suffix(".printed"),
        folder=ROOT,
        variables={"TF_USE_LEGACY_KERAS": str(int(flavour == "tf_keras"))},
    )
    assert ended.ended(150), ended.printed()
    assert ended.status == 0, ended.printed()
    (line,) = (line for line in ended.printed().splitlines() if line.startswith("RESULT "))
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


def test_a_loop_is_told_what_to_do_and_trains(flavour: Flavour, tmp_path: Path) -> None:
    result = run("loop", flavour.name, tmp_path / "logs")
    assert [name for name, _ in result["refused"]] == ["StrategyError", "StrategyError"]
    assert all(CAN_DO in text for _, text in result["refused"])
    assert result["losses"][-1] < result["losses"][0]
    assert result["warnings"] == []


def test_fit_trains_unwatched_with_one_warning(tmp_path: Path) -> None:
    result = run("fit", "tf_keras", tmp_path / "logs")  # `fit` of Keras 3 fails there by itself
    assert result["trained"]
    (told,) = result["warnings"]
    assert "training goes on unchanged" in told
    assert CAN_DO in told
    ((code, status, message),) = result["outcomes"]
    assert (code, status) == ("RC101", "finding")
    assert "ParameterServerStrategy" in message
    assert [path for path in (tmp_path / "logs").rglob("*") if path.is_file()] == []
