"""Public programs: their text is patched or refused, and what came of them is told as it is."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.public import table
from benchmarks.public.program import END, Add, Cut, PatchError, Program, Swap, patched
from benchmarks.public.programs import PROGRAMS
from benchmarks.public.results import Found, Result
from benchmarks.public.runner import chosen
from benchmarks.public.sources import SourceError, git_directory, script_of, write_program

TEXT = "import data\n\ndef main():\n    x = load(1)\n    y = load(2)\n    fit(x, y)\nmain()\n"

WARNING = Found(code="BN201", severity="warning", message="Early.")
TRUE = {"BN201": "true: 20 updates"}


def result(**values: object) -> Result:
    defaults = {"name": "net", "flavour": "keras", "steps": 20, "equal": True}
    return Result(**{**defaults, **values})  # type: ignore[arg-type]


def test_a_swap_replaces_what_is_there_so_many_times() -> None:
    assert Swap("load", "make", times=2).apply(TEXT).count("make(") == 2


@pytest.mark.parametrize(
    "patch",
    [
        Swap("load", "make"),
        Swap("epochs = 10", "epochs = 1"),
        Cut("load("),
        Cut("import data", "predict("),
        Add("load(", "watch(x)"),
    ],
    ids=repr,
)
def test_a_patch_that_does_not_fit_is_refused(patch: Swap | Cut | Add) -> None:
    with pytest.raises(PatchError):
        patch.apply(TEXT)


def test_lines_are_cut_and_added_as_far_in_as_what_they_replace() -> None:
    new = Cut("x = load", "y = load", "x = 1\ny = 2")
    assert "def main():\n    x = 1\n    y = 2\n    fit(x, y)\n" in new.apply(TEXT)
    assert Cut("def main", END).apply(TEXT) == "import data\n\n"
    assert Cut("import", "def main", keep=True).apply(TEXT).startswith("def main")
    assert "fit(x, y)\n    step(x)\nmain" in Add("fit(", "step(x)").apply(TEXT)
    assert patched("a = 1", (Add("a =", "b = 2"), Swap("b", "c"))) == "a = 1\nc = 2\n"


def test_a_notebook_becomes_a_script() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Text"]},
        {"cell_type": "code", "source": ["!pip install x\n", "if x:\n", "  %time f()"]},
        {"cell_type": "code", "source": ["%%bash\n", "ls"]},
    ]
    script = script_of(json.dumps({"cells": cells}))
    assert script == "pass  # !pip install x\nif x:\n  pass  # %time f()\n# %%bash\n# ls\n"


def test_a_program_is_written_from_a_folder_of_git_directories(tmp_path: Path) -> None:
    repository = tmp_path / "mirror" / "owner+name" / "repo"
    (repository / "demo").mkdir(parents=True)
    (repository / "demo" / "main.py").write_text("import net\nepochs = 100\n")
    (repository / "demo" / "net.py").write_text("width = 512\n")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], check=True)
    program = Program(
        name="main",
        repository="owner/name",
        commit="HEAD",
        path="demo/main.py",
        patches=(Swap("epochs = 100", "epochs = 1"),),
        also={"demo/net.py": (Swap("512", "8"),)},
    )
    directory = git_directory("owner/name", tmp_path / "mirror", tmp_path / "clones")
    main = write_program(program, directory, tmp_path / "out")
    assert main == tmp_path / "out" / "main.py"
    assert main.read_text() == "import net\nepochs = 1\n"
    assert (main.parent / "net.py").read_text() == "width = 8\n"
    with pytest.raises(SourceError):
        git_directory("owner/other", tmp_path / "mirror", tmp_path / "clones")


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=lambda program: program.name)
def test_a_program_names_its_commit_and_each_verdict_says_why(program: Program) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", program.commit)
    for verdict in program.judged.values():
        assert re.match(r"(true|false|fact): .", verdict)


def test_programs_are_chosen_by_name_or_repository() -> None:
    assert [each.name for each in chosen(["keras_io_vae"])] == ["keras_io_vae"]
    assert {each.repository for each in chosen(["tensorflow/docs"])} == {"tensorflow/docs"}
    with pytest.raises(ValueError, match="no program 'x'"):
        chosen(["x"])


@pytest.mark.parametrize(
    ("came", "outcome"),
    [
        (result(), "equal"),
        (result(equal=False), "changed"),
        (result(equal=None), "unlike from run to run"),
        (result(error="Traceback"), "broken"),
        (result(steps=0), "recording lost"),
        (result(warnings=("tb_bnplugin stops",)), "recording lost"),
        (result(without="ImportError"), "does not run on this flavour"),
    ],
)
def test_the_outcome_says_what_is_worst(came: Result, outcome: str) -> None:
    assert came.outcome == outcome
    assert Result.from_json(json.loads(json.dumps(came.to_json()))) == came


def test_a_warning_is_good_only_where_it_was_judged_true() -> None:
    warned = result(found=(WARNING,))
    assert table.good(warned, TRUE)
    assert not table.good(warned, {})
    assert not table.good(warned, {"BN201": "false: it was updated enough"})
    assert "BN201 warning, true: Early." in table.line(warned, TRUE)


def test_the_section_lists_programs_totals_and_verdicts() -> None:
    program = Program(
        name="net", repository="owner/name", commit="0" * 40, path="net.py", judged=TRUE
    )
    warned = result(found=(WARNING,), repository="owner/name", models=("net (3)",))
    text = table.section([warned, result(without="Error")], {"net": program}, "Keras 3")
    assert text.startswith(table.BEGIN)
    assert f"| [net]({program.url}) | keras | 20 | 3 | equal | BN201 warning |" in text
    assert "| programs | 1 | 0 |" in text
    assert "| errors and warnings, true | 1 | 0 |" in text
    assert "| net | BN201 warning | true: 20 updates |" in text
