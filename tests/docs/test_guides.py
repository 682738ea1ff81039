"""The programs of the guides show what these say, and the change that is printed heals them."""

from __future__ import annotations

import gc
import os
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tests.conftest import ROOT, Flavour

FOLDER = ROOT / "docs" / "guides"
LONGEST = 80  # lines
FAULTS = {
    "fit": "BN201",
    "loop": "BN101",
    "gan": "BN104",
    "transfer": "BN105",
    "distribution": "LR105",
}


pytestmark = pytest.mark.usefixtures("in_an_empty_folder")


def blocks(name: str, language: str) -> list[str]:
    """The snippets of a guide in one language."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def changed(program: str, change: str) -> str:
    """The program with a change made to it, as a diff shows it."""
    lines = change.splitlines()
    old = "\n".join(line[1:] for line in lines if line[0] in " -")
    new = "\n".join(line[1:] for line in lines if line[0] in " +")
    assert program.count(old) == 1
    return program.replace(old, new)


def serious(program: str, flavour: Flavour) -> set[str]:
    """Codes of the errors and warnings in the log that a program writes."""
    name = flavour.keras.__name__
    Path("train.py").write_text(program.replace("import keras\n", f"import {name} as keras\n"))
    flavour.keras.utils.set_random_seed(0)
    names = runpy.run_path("train.py")
    # A process of its own would end here, and with it what this one watches.
    for watch in (names.get("watch"), *names.get("watches", ())):
        if watch is not None:
            watch.close()
    del names
    gc.collect()
    found = tb_bnplugin.check("logs").findings
    return {each.code for each in found if each.severity != "info"}


@pytest.mark.parametrize("name", FAULTS)
def test_the_change_heals_what_the_guide_shows(
    name: str,
    flavour: Flavour,
    strategy: Any,
    tensorflow: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tensorflow.distribute, "MirroredStrategy", lambda: strategy)
    (program,), (change,) = blocks(name, "python"), blocks(name, "diff")
    (tmp_path / "faulty").mkdir()
    os.chdir(tmp_path / "faulty")
    assert serious(program, flavour) == {FAULTS[name]}
    assert FAULTS[name] in capsys.readouterr().out
    (tmp_path / "cured").mkdir()
    os.chdir(tmp_path / "cured")
    assert serious(changed(program, change), flavour) == set()


def test_every_guide_is_run_and_short() -> None:
    pages = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert set(pages) == set(FAULTS)
    assert [name for name, text in pages.items() if len(text.splitlines()) > LONGEST] == []
    for name, text in pages.items():
        assert FAULTS[name] in text[text.index("## What one sees") :]
