"""Runs scenarios of the demo: what they printed, and what `check` says of their log."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import ROOT, Flavour

EPOCHS = 1  # of D1: long enough for every fault; the start of momentum 0.99 still dominates
BLOCKS = 2  # of 16: MobileNetV2 takes minutes to trace, whole
LAYERS = 3 + 3 * BLOCKS


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A finished run of the demo."""

    printed: str
    report: Mapping[str, Any]  # as `tb-bnplugin check --format json` gives it


@pytest.fixture(scope="module")
def demo(
    request: pytest.FixtureRequest, flavour: Flavour, tmp_path_factory: pytest.TempPathFactory
) -> Demo:
    """The scenarios that the module of the test names in `SCENARIOS`.

    In a process of its own: the programs take `tf.keras`, whose flavour is chosen at import.
    """
    logdir = tmp_path_factory.mktemp(flavour.name)
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": str(int(flavour.name == "tf_keras"))}
    command = [sys.executable, "-m", "demo", "--no-serve", "--epochs", str(EPOCHS)]
    command += ["--blocks", str(BLOCKS)]
    done = subprocess.run(
        [*command, "--logdir", str(logdir), "--only", *request.module.SCENARIOS],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Demo(printed=done.stdout, report=tb_bnplugin.check(str(logdir)).to_json())


@pytest.fixture(scope="module")
def report(demo: Demo) -> Mapping[str, Any]:
    """What `check` says of the log of the scenarios."""
    return demo.report


def findings(report: Mapping[str, Any], run: str) -> dict[str, Mapping[str, Any]]:
    """The findings of a run, by code."""
    (found,) = (entry for entry in report["runs"] if entry["run"] == run)
    return {out["code"]: out for out in found["outcomes"] if out["status"] == "finding"}


def facts(report: Mapping[str, Any], run: str) -> dict[str, Mapping[str, Any]]:
    """What is worth knowing of a run, by code."""
    (found,) = (entry for entry in report["runs"] if entry["run"] == run)
    return {out["code"]: out for out in found["outcomes"] if out["fact"]}


def status(report: Mapping[str, Any], run: str, code: str) -> str:
    """What became of a rule in a run."""
    (found,) = (entry for entry in report["runs"] if entry["run"] == run)
    (outcome,) = (out for out in found["outcomes"] if out["code"] == code)
    return str(outcome["status"])


def serious(found: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The codes of errors and warnings."""
    return {code for code, outcome in found.items() if outcome["severity"] != "info"}


def cells(printed: str, row: str, after: str = "") -> list[str]:
    """The cells of the first printed row of this name that follows the line `after`."""
    rest = printed[printed.index(f"\n  {after}\n") :] if after else printed
    (line, *_) = (line for line in rest.splitlines() if line.startswith(f"  {row} "))
    return line[len(f"  {row} ") :].split()
