"""`tb-bnplugin report`: where it writes, what it refuses, and its Markdown."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tb_bnplugin.cli import main, markdown
from tb_bnplugin.cli.markdown import block, code, prose
from tests.cli.test_formats import PLACED, STUCK
from tests.dashboard.write_log import write_history
from tests.support.histories import create_history

GOLDEN = Path(__file__).with_name("report.md")


@pytest.fixture
def logdir(tmp_path: Path) -> Path:
    write_history(tmp_path / "logs", create_history(columns=STUCK, calls=[PLACED]))
    return tmp_path / "logs"


def test_markdown_of_a_small_log(logdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(logdir), "--format", "markdown", "-o", "-"]) == 0
    text = re.sub(
        r"tb_bnplugin \S+, written .+", "tb_bnplugin VERSION, written TIME", capsys.readouterr().out
    )
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_files_are_named_and_overwritten(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(logdir.parent)
    Path("report.html").write_text("before")
    assert main(["report", "logs"]) == 0
    assert Path("report.html").read_text().startswith("<!DOCTYPE html>")
    assert main(["report", "logs", "--format", "markdown"]) == 0
    assert Path("report.md").read_text().startswith("## Report of tb_bnplugin")
    out, err = capsys.readouterr()
    assert (out, err.count("report written")) == ("", 2)


def test_what_cannot_be_written_or_read_is_said(
    logdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(logdir), "-o", str(logdir)]) == 2
    assert "is a folder: give a file" in capsys.readouterr().err
    assert main(["report", str(logdir), "-o", str(logdir / "no" / "r.html")]) == 2
    assert "cannot write" in capsys.readouterr().err
    for wrong in (["nowhere"], [str(logdir), "--run", "("], [str(logdir), "--run", "zzz"]):
        said = []
        for command in ("report", "check"):
            assert main([command, *wrong]) == 2
            said.append(capsys.readouterr().err)
        assert said[0] == said[1] != ""


def test_no_tensorflow_is_imported(logdir: Path) -> None:
    program = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None;"
        f"from tb_bnplugin.cli import main; sys.exit(main(['report', {str(logdir)!r}, '-o', '-']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call `m(x, training=True)` here", "call `m(x, training=True)` here"),
        ("a `b", "a 'b"),
        ("<b> @you #1 [x](y) *z*", "&#60;b&#62; &#64;you &#35;1 &#91;x&#93;(y) &#42;z&#42;"),
        ("learning_rate _x_", "learning_rate &#95;x&#95;"),
        ("two\nlines", "two&#92;nlines"),
    ],
)
def test_prose_is_no_markup_but_its_code(text: str, expected: str) -> None:
    assert prose(text) == expected


def test_code_cannot_be_ended_by_what_it_holds() -> None:
    assert code("a`b") == "`a'b`"
    assert block("x\n````\ny", "text") == "`````text\nx\n````\ny\n`````"


def test_an_issue_takes_all_of_it(
    logdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(markdown, "CHARACTERS", 1000)
    main(["report", str(logdir), "--format", "markdown", "-o", "-"])
    text = capsys.readouterr().out
    assert len(text) < 1200
    assert "more parts are left out" in text
