from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tb_bnplugin
from tb_bnplugin.cli import main
from tb_bnplugin.diagnose import RULES
from tb_bnplugin.logs.check import check
from tests.dashboard.logs import HOSTILE_NAMES, write_cut, write_newer
from tests.dashboard.write_log import scalar_event, write_events, write_history
from tests.support.histories import create_history, create_loss, inference_columns

STUCK = inference_columns() | {"moving_mean": 0.0, "moving_variance": 1.0}


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    write_history(tmp_path, create_history())
    return tmp_path


@pytest.fixture
def stuck(tmp_path: Path) -> Path:
    write_history(tmp_path, create_history(columns=STUCK))
    return tmp_path


@pytest.fixture
def scaled(tmp_path: Path) -> Path:
    """Two programs whose losses differ tenfold: a warning, no error."""
    large = create_loss(measured=5.0, doubled=5.0)
    write_history(tmp_path, create_history(run="a/train", losses=[create_loss()]))
    write_history(tmp_path, create_history(run="b/train", losses=[large]))
    return tmp_path


def check_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    main(["check", *arguments, "--format", "json"])
    return json.loads(capsys.readouterr().out)


def test_clean_log_gives_0(healthy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(healthy)]) == 0
    assert "1 run: nothing found" in capsys.readouterr().out


def test_error_gives_1_and_says_all_of_it(stuck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(stuck)]) == 1
    printed = capsys.readouterr().out
    for part in ("error BN101 never-updated", "3 layers: bn_0, bn_1, bn_2", "why:", "fix:"):
        assert part in printed


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("never", 0)])
def test_exit_code_follows_fail_on(scaled: Path, fail_on: str, code: int) -> None:
    assert main(["check", str(scaled), "--select", "CR", "--fail-on", fail_on]) == code


def test_an_exit_status_that_surprises_has_its_reason(
    scaled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def last_line(*options: str) -> str:
        main(["check", str(scaled), *options])
        return capsys.readouterr().out.splitlines()[-1]

    assert last_line("--select", "CR") == "exit status 0: warnings fail with --fail-on warning"
    assert last_line("--select", "CR", "--fail-on", "warning").startswith("2 runs: 1 warning")
    strict = ("--select", "BN208", "--strict")
    assert last_line(*strict) == "exit status 1: --strict, and 2 not checked"
    assert last_line("--select", "BN101").startswith("2 runs: nothing found")


def test_expected_findings_fail_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_history(tmp_path, create_history(columns=STUCK, facts={"expect": ("BN101",)}))
    assert main(["check", str(tmp_path)]) == 0
    assert "expected: BN101" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        (["--select", "BN101"], {"BN101"}),
        (["--select", "lr101,BN11"], {"LR101", "BN110", "BN111", "BN112"}),
        (
            ["--select", "LR10", "--ignore", "LR101,LR102"],
            {"LR103", "LR104", "LR105", "LR106", "LR107", "LR108", "LR109"},
        ),
    ],
)
def test_rules_are_chosen_by_code_or_its_beginning(
    healthy: Path, capsys: pytest.CaptureFixture[str], options: Sequence[str], codes: set[str]
) -> None:
    (run,) = check_json(capsys, str(healthy), *options)["runs"]
    assert {outcome["code"] for outcome in run["outcomes"]} == codes


def test_ignored_error_fails_nothing(stuck: Path) -> None:
    assert main(["check", str(stuck), "--ignore", "BN101"]) == 0


def test_runs_are_chosen_by_name(scaled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = check_json(capsys, str(scaled), "--run", "^b/")["runs"]
    assert [run["run"] for run in runs] == ["b/train"]


def test_json_is_what_is_documented(scaled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = check_json(capsys, str(scaled))
    assert report["schema_version"] == 1
    assert [run["run"] for run in report["runs"]] == ["a/train", "b/train"]
    run = report["runs"][0]
    assert (run["keras"], run["steps"]) == ("keras 3.15.1", [1, 50])
    assert run["models"] == [{"name": "model", "layers": 3}]
    assert [(comparison["code"], comparison["runs"]) for comparison in report["comparisons"]] == [
        ("CR101", ["a/train", "b/train"]),
        ("CR102", ["a/train", "b/train"]),
    ]


def test_runs_of_one_folder_are_compared_with_its_first(tmp_path: Path) -> None:
    names = ("a/train", "b/train", "c/batch_norm", "other/d/train", "other/e/train")
    for name in names:
        write_history(tmp_path, create_history(run=name, losses=[create_loss()]))
    compared = check(tmp_path).comparisons
    pairs = [outcome.runs for outcome in compared if outcome.code == "CR101"]
    assert pairs == [
        ("a/train", "b/train"),
        ("a/train", "c/batch_norm"),
        ("other/d/train", "other/e/train"),
    ]


def test_comparisons_that_find_nothing_say_what_was_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of the two has no loss to compare: that is no "passed"."""
    write_history(tmp_path, create_history(run="a/train", losses=[create_loss()]))
    write_history(tmp_path, create_history(run="b/train"))
    main(["check", str(tmp_path)])
    shown = capsys.readouterr().out.partition("Runs compared")[2].split("\n\n")[0].splitlines()
    assert shown[0] == ": nothing found"
    assert shown[1].startswith("  not checked: CR101: ")
    assert shown[-2].endswith("(1 comparison)")
    assert shown[-1] == "  passed: CR102"


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line printed where nothing can be checked."""
    assert main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


def test_missing_folder_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such folder" in failure(capsys, str(tmp_path / "nowhere"))


def test_file_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    assert "not a folder" in failure(capsys, str(file))


def test_empty_folder_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no event file" in failure(capsys, str(tmp_path))


def test_log_of_others_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_events(tmp_path / "train", [scalar_event("loss", 1, 1.0, 2.0)])
    assert "no batch norm record" in failure(capsys, str(tmp_path))


def test_file_that_is_no_event_file_gives_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "events.out.tfevents.1").write_bytes(b"this is no event file at all")
    assert "damaged at byte 0" in failure(capsys, str(tmp_path))


def test_newer_format_alone_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_newer(tmp_path)
    assert "update tb_bnplugin" in failure(capsys, str(tmp_path))


def test_run_that_no_name_matches_gives_2(
    healthy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "the runs are train" in failure(capsys, str(healthy), "--run", "nobody")


def test_wrong_regular_expression_gives_2(
    healthy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "not a regular expression" in failure(capsys, str(healthy), "--run", "(")


def test_unknown_code_is_refused_with_the_codes(
    healthy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["check", str(healthy), "--select", "BN999"])
    assert "BN101" in capsys.readouterr().err


def test_crashed_rule_gives_2_and_the_others_still_run(
    stuck: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(RULES[0], "check", crash)
    assert main(["check", str(stuck)]) == 2
    captured = capsys.readouterr()
    assert f"crashed: {RULES[0].RULE.code}: RuntimeError: on purpose" in captured.out
    assert "passed: BN102" in captured.out
    assert "these rules crashed" in captured.err


def test_cut_and_newer_runs_are_told_beside_the_others(
    healthy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cut(healthy)
    write_newer(healthy)
    assert main(["check", str(healthy)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "note: events.out.tfevents.0000000001.host.test ends inside an event" in printed
    assert "this tb_bnplugin reads format 2" in printed
    assert "3 runs" in printed


def test_hostile_names_cannot_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = create_history(layers=len(HOSTILE_NAMES), columns=STUCK)
    rows = zip(history.facts.layers, HOSTILE_NAMES[::-1], strict=True)
    layers = tuple(replace(layer, path=name) for layer, name in rows)
    write_history(tmp_path, replace(history, facts=replace(history.facts, layers=layers)))
    main(["check", str(tmp_path)])
    printed = capsys.readouterr().out
    assert "\\u202eright" in printed
    assert "two\\nlines\\x1b[31m" in printed
    assert all(line.isprintable() for line in printed.split("\n"))
    assert max(map(len, printed.splitlines())) <= 100


def test_no_colour_where_nobody_looks(stuck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(stuck)])
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(("no_colour", "painted"), [("", True), ("1", False)])
def test_colour_on_a_terminal_unless_refused(
    stuck: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    no_colour: str,
    *,
    painted: bool,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", no_colour)
    monkeypatch.setenv("TERM", "xterm")
    main(["check", str(stuck)])
    assert ("\x1b[1;31merror BN101\x1b[0m" in capsys.readouterr().out) is painted


def test_check_of_the_package_is_that_of_the_command_line(stuck: Path) -> None:
    checked = tb_bnplugin.check(stuck)
    assert [finding.code for finding in checked.findings] == ["BN101"]
    assert [run.run for run in checked] == ["train"]
    assert tb_bnplugin.check is check  # and not the module that holds it


def test_program_imports_no_tensorflow(healthy: Path) -> None:
    program = (
        "import sys\n"
        "from tb_bnplugin.cli import main\n"
        f"assert main(['check', {str(healthy)!r}]) == 0\n"
        "assert not {'tensorflow', 'keras', 'tf_keras', 'werkzeug'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_module_is_the_same_program(healthy: Path) -> None:
    program = [sys.executable, "-m", "tb_bnplugin", "check", str(healthy)]
    finished = subprocess.run(program, check=False, capture_output=True, text=True)
    assert finished.returncode == 0
    assert "nothing found" in finished.stdout


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_closes_the_pipe_does_not_change_the_exit_code(
    stuck: Path, form: str
) -> None:
    command = [sys.executable, "-m", "tb_bnplugin", "check", str(stuck), "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 1
