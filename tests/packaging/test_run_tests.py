"""The count of tests by kind: what did not run is a failure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import run_tests
from run_tests import Case

ONE_OF_EACH = [
    Case(runner="frontend", module="model.test.ts", name="decodes", verdict="passed"),
    Case(runner="browser", module="page.spec.ts", name="paints", verdict="passed"),
    Case(
        runner="python",
        module="tests.training.test_watch",
        name="test_a[keras3]",
        verdict="passed",
    ),
    Case(
        runner="python",
        module="tests.training.test_watch",
        name="test_a[jit-tf_keras]",
        verdict="passed",
    ),
    Case(runner="python", module="tests.diagnose.test_bn101", name="test_a", verdict="passed"),
    Case(runner="python", module="tests.dashboard.test_routes", name="test_a", verdict="passed"),
    Case(runner="python", module="tests.packaging.test_page", name="test_a", verdict="passed"),
    Case(runner="python", module="tests.logs.test_tables", name="test_a[keras]", verdict="passed"),
]


def test_one_of_each_kind_is_counted_once_each() -> None:
    lines, all_good = run_tests.summarize(ONE_OF_EACH)
    assert all_good
    assert [line.split("  ")[0].strip() for line in lines] == [kind for kind, _ in run_tests.KINDS]
    assert all("1 passed, 0 failed, 0 skipped" in line for line in lines)


def test_a_kind_that_did_not_run_is_no_success() -> None:
    for missing in range(len(ONE_OF_EACH)):
        lines, all_good = run_tests.summarize(ONE_OF_EACH[:missing] + ONE_OF_EACH[missing + 1 :])
        assert not all_good
        assert sum("no test ran" in line for line in lines) == 1


def test_a_skipped_or_failed_test_is_no_success() -> None:
    for verdict in ("skipped", "failed"):
        spoiled = [*ONE_OF_EACH, replace(ONE_OF_EACH[3], verdict=verdict)]
        assert not run_tests.summarize(spoiled)[1]


def test_a_report_is_read_with_its_verdicts(tmp_path: Path) -> None:
    report = tmp_path / "python.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="tests.logs.test_a" name="test_good"/>'
        '<testcase classname="tests.logs.test_a" name="test_bad"><failure>no</failure></testcase>'
        '<testcase classname="tests.logs.test_a" name="test_out"><skipped/></testcase>'
        "</testsuite></testsuites>"
    )
    verdicts = [case.verdict for case in run_tests.read_cases("python", report)]
    assert verdicts == ["passed", "failed", "skipped"]


def test_a_runner_that_wrote_no_report_ran_nothing(tmp_path: Path) -> None:
    assert run_tests.read_cases("browser", tmp_path / "browser.xml") == []


def test_each_file_of_tests_is_run_once() -> None:
    tests = Path(__file__).resolve().parents[1]
    for file in tests.rglob("test_*.py"):
        place = file.relative_to(tests).as_posix()
        runs = []
        for name in run_tests.PYTHON:
            taken = [part for part in run_tests.arguments_of(name) if not part.startswith("-")]
            left = [
                part[len("--ignore=") :] for part in run_tests.arguments_of(name) if "=" in part
            ]
            if is_in(place, taken) and not is_in(place, left):
                runs.append(name)
        assert len(runs) == 1, (place, runs)


def is_in(place: str, folders: list[str]) -> bool:
    return any(f"tests/{place}".startswith(folder) for folder in folders)


def test_every_part_is_run() -> None:
    assert sorted(run_tests.ORDER) == sorted([*run_tests.PYTHON, "browser", "frontend"])
