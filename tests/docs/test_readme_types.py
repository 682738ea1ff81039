"""The programs of README pass mypy and pyright, with what they take for granted as parameters."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from npm import run_npm

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)

HEAD = '''\
# mypy: allow-untyped-defs
"""A program of README."""

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

import tb_bnplugin

Array = npt.NDArray[np.float32]


def program(
    model: keras.Model,
    x: Array,
    y: Array,
    x_val: Array,
    y_val: Array,
    dataset: Iterable[tuple[Array, Array]],
    train_dataset: Iterable[tuple[Array, Array]],
    loss_fn: Callable[[Any, Any], Any],
    train_step: Callable[[Any, Any], Any],
    evaluate: Callable[[keras.Model], None],
) -> None:
'''

WRONG = """\
import tb_bnplugin

batch_norm = tb_bnplugin.BatchNormCallback("logs", probed_data=1)
print(batch_norm.findings()[0].codes)
print(tb_bnplugin.RecalibrateCallback(1).result)
print(tb_bnplugin.watch(1).finding())
print(tb_bnplugin.check("logs").outcome)
print(tb_bnplugin.preflight(1, 2).okay())
print(tb_bnplugin.twin(1, 2).equal())
print(tb_bnplugin.recalibrate(1, 2).afterwards)
tb_bnplugin.summary.batch_norms(1)
"""
"""A mistake in each line: types that are not known would hide them."""


def run_mypy(folder: Path) -> str:
    # from the root, for the settings and for what was checked before
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, folder.glob("*.py"))]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.stderr == ""
    return answer.stdout


def run_pyright(folder: Path) -> str:
    settings = {"include": ["."], "extraPaths": [str(ROOT)]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    words = ("pyright", "--project", str(folder), "--pythonpath", sys.executable)
    with (folder / "printed.txt").open("w+") as printed:
        run_npm(ROOT / "frontend", "exec", "--offline", "--", *words, output=printed)
        printed.seek(0)
        return printed.read()


@pytest.fixture(scope="module", params=[run_mypy, run_pyright])
def complaints(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """Errors of a type checker in README's programs and in the wrong one: "NAME.py:LINE: ..."."""
    folder = tmp_path_factory.mktemp("programs")
    for number, program in enumerate(PROGRAMS):
        text = HEAD + textwrap.indent(program, "    ")
        (folder / f"program_{number}.py").write_text(text, "utf-8")
    (folder / "wrong.py").write_text(WRONG, "utf-8")
    printed = request.param(folder)
    found = re.findall(r"(\w+\.py:\d+)(?::\d+)?(?: -|:) error: (.*)", printed)
    assert found, printed
    return [f"{place}: {text}" for place, text in found]


def test_programs_of_readme_have_no_error_of_types(complaints: list[str]) -> None:
    assert len(PROGRAMS) > 5
    assert [line for line in complaints if not line.startswith("wrong.py")] == []


def test_mistakes_are_seen(complaints: list[str]) -> None:
    lines = {int(line.split(":")[1]) for line in complaints if line.startswith("wrong.py")}
    assert lines == set(range(3, len(WRONG.splitlines()) + 1))
