"""Runs every kind of test, then says how many of each kind and flavour ran.

    python tools/run_tests.py

A kind of which no test ran, or a test that was skipped, is a failure: what nobody ran is not
known to work.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from npm import run_npm

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".cache" / "tests"


IN_PYTHON = ("python", "programs")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test as its runner reported it."""

    runner: str  # "python", "programs", "frontend" or "browser"
    module: str  # "tests.recording.test_watch" in Python
    name: str  # "test_counts[tf_keras]"
    verdict: str  # "passed", "failed" or "skipped"

    @property
    def flavour(self) -> str | None:
        """The Keras a test ran on, None for tests without one."""
        parameters = self.name.partition("[")[2].rstrip("]").split("-")
        return next((name for name in ("keras3", "tf_keras") if name in parameters), None)

    def is_under(self, *folders: str) -> bool:
        """Whether a Python test lies in one of the folders of tests/."""
        return self.runner in IN_PYTHON and self.module.startswith(
            tuple(f"tests.{folder}." for folder in folders)
        )


# The first kind that fits is a test's kind.
KINDS: tuple[tuple[str, Callable[[Case], bool]], ...] = (
    ("frontend", lambda case: case.runner == "frontend"),
    ("browser", lambda case: case.runner == "browser" or case.is_under("browser")),
    ("on keras 3", lambda case: case.flavour == "keras3"),
    ("on tf_keras", lambda case: case.flavour == "tf_keras"),
    ("rules", lambda case: case.is_under("diagnose")),
    ("dashboard", lambda case: case.is_under("dashboard")),
    ("packaging", lambda case: case.is_under("packaging")),
    ("unit", lambda case: case.runner in IN_PYTHON),
)


PROGRAMS: tuple[str, ...] = (
    *("packaging", "demo", "examples"),
    "training/test_transparency.py",
)
"""Tests that run whole programs, beside all others: together as long as those, with the page's."""


@contextmanager
def beside(reports: Mapping[str, Path], statuses: list[int]) -> Iterator[None]:
    """Runs whole programs and the page's tests while all others run; appends their statuses.

    What they print follows at the end, so that nothing is torn apart.
    """
    with tempfile.TemporaryFile("w+") as printed:

        def run() -> None:
            for name, runner in BESIDE.items():
                statuses.append(runner(reports[name], printed))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            thread.join()
            printed.seek(0)
            print(printed.read(), flush=True)


def run_programs(report: Path, output: IO[str] | None = None) -> int:
    """Exit status of pytest for the tests that run whole programs."""
    return _pytest(report, [f"tests/{place}" for place in PROGRAMS], output)


def run_python(report: Path, output: IO[str] | None = None) -> int:
    """Exit status of pytest for the tests that run no whole program."""
    return _pytest(report, [f"--ignore=tests/{place}" for place in PROGRAMS], output)


def _pytest(report: Path, arguments: Sequence[str], output: IO[str] | None) -> int:
    command = [sys.executable, "-m", "pytest", "-q", *arguments, f"--junitxml={report}"]
    return subprocess.run(
        command, cwd=ROOT, stdout=output, stderr=output and subprocess.STDOUT, check=False
    ).returncode


def run_frontend(report: Path, output: IO[str] | None = None) -> int:
    """Exit status of the page's unit tests."""
    reporters = ("--reporter=default", "--reporter=junit", f"--outputFile.junit={report}")
    return run_npm(ROOT / "frontend", "test", "--", *reporters, output=output)


def run_browser(report: Path, output: IO[str] | None = None) -> int:
    """Exit status of the tests in a real browser."""
    variables = {"PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report), "PYTHON": sys.executable}
    command = ("run", "test:browser", "--", "--reporter=list,junit")
    return run_npm(ROOT / "frontend", *command, output=output, **variables)


BESIDE: dict[str, Callable[[Path, IO[str]], int]] = {
    "programs": run_programs,
    "frontend": run_frontend,
    "browser": run_browser,
}
"""By name of their report: what runs beside the tests in Python, one after the other."""


def read_cases(runner: str, report: Path) -> list[Case]:
    """The tests in a JUnit report, none where the runner died before it wrote one."""
    if not report.is_file():
        return []
    cases = []
    for element in ET.parse(report).iter("testcase"):
        verdict = "passed"
        if element.find("failure") is not None or element.find("error") is not None:
            verdict = "failed"
        elif element.find("skipped") is not None:
            verdict = "skipped"
        module, name = element.get("classname", ""), element.get("name", "")
        cases.append(Case(runner=runner, module=module, name=name, verdict=verdict))
    return cases


def summarize(cases: list[Case]) -> tuple[list[str], bool]:
    """A line for each kind of test, and whether each kind ran, passed and skipped nothing."""
    counts: Counter[tuple[str, str]] = Counter()
    for case in cases:
        kind = next(name for name, fits in KINDS if fits(case))
        counts[kind, case.verdict] += 1
    lines, all_good = [], True
    for kind, _ in KINDS:
        passed, failed, skipped = (counts[kind, v] for v in ("passed", "failed", "skipped"))
        good = passed > 0 and failed == 0 and skipped == 0
        note = "" if good else "  <- " + ("no test ran" if passed + failed == 0 else "not good")
        lines.append(f"{kind:12} {passed:5} passed, {failed} failed, {skipped} skipped{note}")
        all_good = all_good and good
    return lines, all_good


def main() -> int:
    """Exit status 0 where everything ran and passed."""
    started = time.monotonic()
    RESULTS.mkdir(parents=True, exist_ok=True)
    statuses: list[int] = []
    reports = {name: RESULTS / f"{name}.xml" for name in ("python", *BESIDE)}
    for path in reports.values():
        path.unlink(missing_ok=True)
    with beside(reports, statuses):
        statuses.append(run_python(reports["python"]))
    cases = [case for name, report in reports.items() for case in read_cases(name, report)]
    lines, all_good = summarize(cases)
    print("\nTests of each kind:")
    print("\n".join(lines))
    verdicts = Counter(case.verdict for case in cases)
    totals = ", ".join(f"{verdicts[v]} {v}" for v in ("failed", "passed", "skipped") if verdicts[v])
    print(f"==== {totals or 'no test ran'} in {time.monotonic() - started:.2f}s ====")
    return 0 if all_good and not any(statuses) else 1


if __name__ == "__main__":
    sys.exit(main())
