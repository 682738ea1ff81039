"""The GitHub Action and the pre-commit hook, run as they stand in their files."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import tb_bnplugin
from tb_bnplugin.cli import baseline
from tb_bnplugin.logs.check import check
from tests.conftest import ROOT
from tests.dashboard.write_log import write_history
from tests.support.histories import create_history, create_loss, inference_columns

STUCK = inference_columns() | {"moving_mean": 0.0, "moving_variance": 1.0}
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
INSTALL, CHECK = ACTION["runs"]["steps"]
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))


def variables(**more: str) -> dict[str, str]:
    """The programs of this environment come first, and import this checkout."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **more}


def run_step(step: dict[str, Any], folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run a step as a runner does: its inputs filled in, its lines in a file for bash."""
    given = {name: str(field.get("default", "")) for name, field in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    filled = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], value)
        for name, value in step.get("env", {}).items()
    }
    script = folder / "step.sh"
    script.write_text(step["run"], "utf-8")
    assert step["shell"] == "bash"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder,
        env=variables(**filled),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def stuck(tmp_path: Path) -> Path:
    """A log with an error."""
    write_history(tmp_path / "my logs", create_history(columns=STUCK))
    return tmp_path


@pytest.fixture
def warned(tmp_path: Path) -> Path:
    """A log with a warning, in two runs whose losses differ tenfold, and no error."""
    large = create_loss(measured=5.0, doubled=5.0)
    logs = tmp_path / "my logs"
    write_history(logs, create_history(run="a/train", losses=[create_loss()]))
    write_history(logs, create_history(run="b/train", losses=[large]))
    assert {outcome.severity for outcome in check(logs).findings} - {"info"} == {"warning"}
    return tmp_path


def test_every_input_is_documented_and_used() -> None:
    assert all(field["description"] for field in ACTION["inputs"].values())
    used = re.findall(r"inputs\.([\w-]+)", "".join(CHECK["env"].values()))
    assert sorted(used) == sorted(ACTION["inputs"])


def test_no_input_is_put_into_a_line_of_the_shell() -> None:
    assert [step["run"] for step in (INSTALL, CHECK) if "${{" in step["run"]] == []


def test_a_finding_annotates_and_fails_the_job(stuck: Path) -> None:
    answer = run_step(CHECK, stuck, logdir="my logs")
    assert answer.returncode == 1, answer.stderr
    assert "::error title=BN101 never-updated::" in answer.stdout


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_the_severity_that_fails_is_an_input(warned: Path, fail_on: str, code: int) -> None:
    answer = run_step(CHECK, warned, logdir="my logs", fail_on=fail_on)
    assert answer.returncode == code, answer.stderr
    assert "::warning title=" in answer.stdout


def test_strict_fails_where_a_rule_could_not_be_checked(stuck: Path) -> None:
    options = {"logdir": "my logs", "fail_on": "never"}
    assert run_step(CHECK, stuck, **options).returncode == 0
    assert run_step(CHECK, stuck, **options, strict="true").returncode == 1


def test_rules_are_selected_and_ignored(stuck: Path) -> None:
    (found,) = check(stuck / "my logs").findings
    assert run_step(CHECK, stuck, logdir="my logs", ignore=found.code).returncode == 0
    assert run_step(CHECK, stuck, logdir="my logs", select="LR").returncode == 0
    assert run_step(CHECK, stuck, logdir="my logs", select=f"LR,{found.code}").returncode == 1


def test_what_the_baseline_knows_fails_nothing(stuck: Path) -> None:
    baseline.write(stuck / "known.json", check(stuck / "my logs"))
    answer = run_step(CHECK, stuck, logdir="my logs", baseline="known.json")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == ""


def test_a_folder_without_a_record_fails_the_job(tmp_path: Path) -> None:
    answer = run_step(CHECK, tmp_path, logdir="nothing")
    assert answer.returncode == 2
    assert "nothing" in answer.stderr


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    answer = run_step(INSTALL, tmp_path)
    assert (answer.returncode, answer.stdout.strip()) == (0, tb_bnplugin.__version__)


def test_what_is_missing_is_installed_from_the_action(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\n[ "$2" = pip ] && echo "$@"\n')  # no other module is there
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("GITHUB_ACTION_PATH", "the action")
    answer = run_step(INSTALL, tmp_path)
    assert (answer.returncode, answer.stdout.strip()) == (0, "-m pip install the action")


def run_hook(folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*shlex.split(HOOK["entry"]), *arguments],
        cwd=folder,
        env=variables(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hook_has_what_pre_commit_needs() -> None:
    assert HOOK.keys() >= {"id", "name", "entry", "language"}
    assert HOOK["language"] == "python"  # it installs this repository
    assert HOOK["pass_filenames"] is False  # a log is no file of a commit
    assert HOOK["always_run"] is True


def test_the_hook_checks_the_folder_that_its_arguments_name(tmp_path: Path) -> None:
    write_history(tmp_path / "logs", create_history(columns=STUCK))
    answer = run_hook(tmp_path, HOOK["args"])
    assert answer.returncode == 1, answer.stderr
    assert "BN101" in answer.stdout
    write_history(tmp_path / "others", create_history())
    assert run_hook(tmp_path, ["others"]).returncode == 0


GUIDE = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text("utf-8"), re.DOTALL)


def test_the_guide_names_inputs_and_hook_as_they_are() -> None:
    _, (action,), hook = map(yaml.safe_load, GUIDE)
    assert set(action["with"]) == set(ACTION["inputs"])
    assert [hook["id"] for hook in hook["repos"][0]["hooks"]] == [HOOK["id"]]


def test_the_workflow_of_the_guide_is_whole_and_fails_at_a_warning(warned: Path) -> None:
    workflow = yaml.safe_load(GUIDE[0])
    assert True in workflow  # "on:", which YAML 1.1 takes for a truth
    (job,) = workflow["jobs"].values()
    assert job["runs-on"]
    used = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
    assert used == ["actions/checkout", "actions/setup-python"]
    install, train, look = (step["run"] for step in job["steps"] if "run" in step)
    assert install.startswith("pip install")
    assert train.partition(" #")[0] == "python train.py"  # no options that only its author knows
    assert _runs(look, warned) == 2  # nothing is recorded there
    write_history(warned / "logs", create_history())
    assert _runs(look, warned) == 0
    (warned / "my logs").rename(warned / "logs" / "others")
    assert _runs(look, warned) == 1


def _runs(line: str, folder: Path) -> int:
    return subprocess.run(
        shlex.split(line), cwd=folder, env=variables(), capture_output=True, check=False
    ).returncode
