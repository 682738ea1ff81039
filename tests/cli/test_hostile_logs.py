"""`check` and `ledger` on logs that mean harm: every run is judged, and the text is bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tb_bnplugin.cli import main
from tb_bnplugin.cli.check_text import SHOWN_FINDINGS, SHOWN_LINES, check_text
from tb_bnplugin.cli.style import LONGEST, Style
from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.history.build import build_run
from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.check import Report, RunReport
from tests.dashboard.hostile_logs import RUNS, WELL, write_hostile
from tests.dashboard.write_log import write_history
from tests.support.histories import create_history, inference_columns


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("hostile")
    write_hostile(folder)
    return folder


def test_every_run_is_judged(hostile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(hostile), "--format", "json", "--fail-on", "never"]) == 0
    runs = {run["run"]: run for run in json.loads(capsys.readouterr().out)["runs"]}
    assert set(runs) == {*RUNS, WELL}
    assert all(run["models"] == [{"name": "model", "layers": 3}] for run in runs.values())
    statuses = {outcome["status"] for run in runs.values() for outcome in run["outcomes"]}
    assert statuses == {"finding", "ok", "not_checked"}


def test_text_is_bounded(hostile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(hostile)])
    printed = capsys.readouterr().out
    assert len(printed) < 200_000
    assert all(line.isprintable() for line in printed.split("\n"))


def test_ledgers_are_printed(hostile: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", str(hostile)]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.split("\n"))) < LONGEST + 50
    assert all(line.isprintable() for line in printed.split("\n"))
    assert main(["ledger", str(hostile), "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(RUNS) + 1


def test_what_is_left_out_of_the_text_is_counted() -> None:
    finding = Outcome(
        code="BN101",
        name="never-updated",
        status="finding",
        severity="info",
        layers=("x" * 100_000,) * 50,
        message="m" * 100_000,
        evidence={"text": "e" * 100_000},
        fix="f" * 100_000,
    )
    run = RunReport(
        run="r" * 100_000,
        keras="k" * 100_000,
        models=tuple((f"{at}" * 1000, 1) for at in range(500)),
        steps=(1, 2),
        outcomes=(finding,) * 5000,
        notes=("n" * 100_000,) * 5000,
    )
    report = Report(runs=(run,) * 3, comparisons=(finding,) * 500, notes=("note",) * 500)
    text = check_text(report, Style(colour=False, width=100))
    assert len(text) < 4 * SHOWN_FINDINGS * 3 * LONGEST
    for words in (
        "and 492 more models",
        f"and {5000 - SHOWN_FINDINGS} more findings",
        f'and {5000 - SHOWN_LINES} more lines of "note"',
        f"and {500 - SHOWN_FINDINGS} more findings",
        f"... and {100_000 - LONGEST} more characters",
    ):
        assert words in " ".join(text.split())


def test_a_run_that_nothing_can_be_made_of_is_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_history(tmp_path, create_history(run="bad"))
    write_history(tmp_path, create_history(run="stuck", columns=inference_columns()))

    def fails_for_one(run: str, *rest: Any) -> RunHistory:
        if run == "bad":
            raise OverflowError("nobody has thought of this")
        return build_run(run, *rest)

    monkeypatch.setattr("tb_bnplugin.logs.run.build_run", fails_for_one)
    assert main(["check", str(tmp_path)]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "note: its records cannot be read" in printed
    assert "(OverflowError: nobody has thought of this)" in printed
    assert "error BN101" in printed


def test_anything_unexpected_gives_2_and_one_line(tmp_path: Path) -> None:
    write_history(tmp_path, create_history())
    program = (
        "import sys\n"
        "from tb_bnplugin.cli import main\n"
        "from tb_bnplugin.logs import folder\n"
        "folder.LogFolder.list_runs = lambda self: 1 // 0\n"
        f"sys.exit(main(['check', {str(tmp_path)!r}]))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )
    assert finished.returncode == 2
    assert finished.stderr == (
        "tb-bnplugin: stopped, which is a bug in tb_bnplugin"
        " (ZeroDivisionError: integer division or modulo by zero)\n"
    )
