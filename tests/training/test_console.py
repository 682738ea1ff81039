"""Lines of a training go through `logging`, and are seen once on the console."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tb_bnplugin.training.console import LOGGER, Console


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    level, handlers = LOGGER.level, list(LOGGER.handlers)
    LOGGER.setLevel(logging.NOTSET)
    yield
    LOGGER.setLevel(level)
    LOGGER.handlers[:] = handlers
    LOGGER.propagate = True


def test_sums_are_seen_where_the_program_sets_up_no_logging(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Console().say(logging.INFO, "100 % of it")
    assert capsys.readouterr() == ("", "100 % of it\n")


@pytest.mark.parametrize(
    ("level", "seen"), [(logging.INFO, ["sum", "finding"]), (logging.ERROR, ["finding"])]
)
def test_the_level_of_the_logger_is_kept(
    level: int, seen: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    LOGGER.setLevel(level)
    console = Console()
    console.say(logging.INFO, "sum")
    console.say(logging.ERROR, "finding")
    assert capsys.readouterr().err.splitlines() == seen
    assert console.shows(logging.INFO) is (level == logging.INFO)


def test_a_console_handler_of_the_program_shows_a_line_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        Console().say(logging.WARNING, "finding")
        LOGGER.propagate = False
        Console().say(logging.WARNING, "alone")
    finally:
        logging.getLogger().removeHandler(handler)
    assert capsys.readouterr().err == "tb_bnplugin WARNING finding\nalone\n"


SETS_UP_NOTHING = """
import logging, sys
from tb_bnplugin.training.console import Console
file = logging.FileHandler(sys.argv[1])
{setup}
console = Console()
console.begin(0)
for text in ("finding", "another"):
    console.say(logging.ERROR, text)
logging.error("of the program")
"""


@pytest.mark.parametrize(
    ("setup", "seen"),
    [
        ("logging.warning('of a library')", "WARNING:root:of a library\nfinding\nanother\n"),
        ("logging.basicConfig()", "finding\nanother\n"),
        (
            "logging.basicConfig(format='%(name)s says %(message)s')",
            "tb_bnplugin says finding\ntb_bnplugin says another\n",
        ),
    ],
)
def test_a_line_is_seen_as_such_once_whoever_has_set_up_logging(
    setup: str, seen: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    program = SETS_UP_NOTHING.format(setup=f"{setup}\nlogging.getLogger().addHandler(file)")
    ran = subprocess.run(
        [sys.executable, "-c", program, str(log)], check=True, capture_output=True, text=True
    )
    own = "root says " if "says" in setup else "ERROR:root:"
    assert ran.stderr == f"{seen}{own}of the program\n"
    assert ran.stdout == ""
    assert log.read_text().splitlines() == ["finding", "another", "of the program"]


def test_a_log_file_of_the_program_does_not_take_lines_from_the_console(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    LOGGER.addHandler(handler)
    Console().say(logging.WARNING, "finding")
    assert capsys.readouterr().err == "finding\n"
    assert log.getvalue() == "finding\n"


@pytest.mark.parametrize(("verbose", "before"), [(1, "\n"), ("auto", "\n"), (2, ""), (0, "")])
def test_a_line_begins_below_an_open_progress_bar(
    verbose: object, before: str, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console()
    console.begin(verbose)
    console.say(logging.ERROR, "early")
    console.open_bar()
    console.say(logging.ERROR, "within")
    console.close_bar()
    console.say(logging.ERROR, "late")
    assert capsys.readouterr().err == f"early\n{before}within\nlate\n"
    assert console.sums is bool(verbose)


def test_a_line_that_is_not_shown_breaks_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    LOGGER.setLevel(logging.ERROR)
    console = Console()
    console.begin(1)
    console.open_bar()
    console.say(logging.INFO, "sum")
    assert capsys.readouterr().err == ""
