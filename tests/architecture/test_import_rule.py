"""Imports point along the data: the contracts in pyproject.toml hold, and they bite."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--no-logo", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_contract_is_kept() -> None:
    answer = run_contracts(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("module", "forbidden_import"),
    [
        ("schema/columns.py", "tb_bnplugin.history.model"),
        ("diagnose/engine.py", "tb_bnplugin.schema.columns"),
        ("diagnose/engine.py", "tensorflow"),
        ("dashboard/plugin.py", "tb_bnplugin.schema.columns"),
        ("keras/calls/counting.py", "tb_bnplugin.history.model"),
        ("logs/provider.py", "tb_bnplugin.diagnose.engine"),
        ("logs/provider.py", "werkzeug"),
        ("measure/layer_table.py", "tensorflow"),
        ("logs/check.py", "tb_bnplugin.training.live"),
        ("dashboard/loader.py", "keras"),
        ("callback.py", "tensorboard"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, module: str, forbidden_import: str) -> None:
    package = tmp_path / "tb_bnplugin"
    shutil.copytree(ROOT / "tb_bnplugin", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (package / module).open("a") as file:
        file.write(f"\nimport {forbidden_import}\n")
    answer = run_contracts(tmp_path)
    assert answer.returncode == 1
    assert "BROKEN" in answer.stdout
