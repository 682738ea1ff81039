"""A model of ParameterServerStrategy is refused at once, and its training goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Flavour

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

CAN_DO = "MirroredStrategy or MultiWorkerMirroredStrategy"


def run(who: str, flavour: str, folder: Path) -> dict[str, Any]:
    """The program in a process of its own: a coordinator changes how operations run."""
    legacy = str(int(flavour == "tf_keras"))
    ended = subprocess.run(
        [sys.executable, "-m", "tests.training.parameter_server_program", who, str(folder)],
        cwd=ROOT,
        env={**os.environ, "TF_USE_LEGACY_KERAS": legacy, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (line,) = (line for line in ended.stdout.splitlines() if line.startswith("RESULT "))
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
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
