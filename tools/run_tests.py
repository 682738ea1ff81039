"""Runs every kind of test, then says how many of each kind and flavour ran.

    python tools/run_tests.py

A kind of which no test ran, or a test that was skipped, is a failure: what nobody ran is not
known to work.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from npm import run_npm

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / ".cache" / "tests"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One test as its runner reported it."""

    runner: str  # "python", "frontend" or "browser"
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
        return self.runner == "python" and self.module.startswith(
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
    ("unit", lambda case: case.runner == "python"),
)


PYTHON: Mapping[str, tuple[str, ...]] = {
    "demo": ("demo",),
    "training": ("training", "preflights", "testing"),
    "examples": ("examples",),
    "gradient": ("keras/gradient", "twins"),
    "keras": ("keras",),
    "rules": ("diagnose",),
    "packaging": ("packaging",),
    "all others": ("",),
}
"""The folders and files of tests/ that one process of pytest runs, by the name of its report. A
part of a folder that has a process of its own is left out. TensorFlow keeps the graphs of models
that are gone: in one process for all, the last tests would take several times as long as alone."""

ORDER: tuple[str, ...] = (
    *("training", "demo", "keras", "gradient", "browser", "all others", "examples"),
    *("packaging", "rules", "frontend"),
)
"""The names of all reports: the longest first, so that nobody waits for one at the end."""

AT_ONCE = 2
"""Processes that run tests. Each test waits for what it means, however busy the machine is."""


def arguments_of(name: str) -> list[str]:
    """The arguments of pytest for one process."""
    others = [place for key, places in PYTHON.items() if key != name for place in places]
    within = [
        each for each in others if each and any(is_within(each, place) for place in PYTHON[name])
    ]
    return [*(f"tests/{place}" for place in PYTHON[name]), *(f"--ignore=tests/{p}" for p in within)]


def is_within(place: str, folder: str) -> bool:
    """Whether a folder or file of tests/ lies within a folder of it; "" is tests/ itself."""
    return folder == "" or place.startswith(f"{folder}/")


def run_python(name: str, report: Path, output: IO[str]) -> int:
    """Exit status of one process of pytest."""
    command = [sys.executable, "-m", "pytest", "-q", *arguments_of(name), f"--junitxml={report}"]
    return subprocess.run(
        command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False
    ).returncode


def run_frontend(report: Path, output: IO[str]) -> int:
    """Exit status of the page's unit tests."""
    reporters = ("--reporter=default", "--reporter=junit", f"--outputFile.junit={report}")
    return run_npm(ROOT / "frontend", "test", "--", *reporters, output=output)


def run_browser(report: Path, output: IO[str]) -> int:
    """Exit status of the tests in a real browser."""
    variables = {"PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report), "PYTHON": sys.executable}
    command = ("run", "test:browser", "--", "--reporter=list,junit")
    return run_npm(ROOT / "frontend", *command, output=output, **variables)


def run(name: str, report: Path) -> int:
    """Exit status of the tests of one report; what they print follows at their end, whole."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as printed:
        if name == "frontend":
            status = run_frontend(report, printed)
        elif name == "browser":
            status = run_browser(report, printed)
        else:
            status = run_python(name, report, printed)
        printed.seek(0)
        seconds = time.monotonic() - started
        print(f"\n---- {name}, {seconds:.0f} s\n{printed.read()}", flush=True)
    return status


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
    reports = {name: RESULTS / f"{name.replace(' ', '_')}.xml" for name in ORDER}
    for path in reports.values():
        path.unlink(missing_ok=True)
    print(f"running {len(ORDER)} parts, {AT_ONCE} at once", flush=True)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        statuses = list(pool.map(run, reports.keys(), reports.values()))
    cases = [
        case
        for name, report in reports.items()
        for case in read_cases("python" if name in PYTHON else name, report)
    ]
    lines, all_good = summarize(cases)
    print("\nTests of each kind:")
    print("\n".join(lines))
    verdicts = Counter(case.verdict for case in cases)
    totals = ", ".join(f"{verdicts[v]} {v}" for v in ("failed", "passed", "skipped") if verdicts[v])
    print(f"==== {totals or 'no test ran'} in {time.monotonic() - started:.2f}s ====")
    return 0 if all_good and not any(statuses) else 1


if __name__ == "__main__":
    sys.exit(main())
