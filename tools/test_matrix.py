"""Runs the tests of recording and of the rules on the oldest and on the newest supported versions.

    python tools/test_matrix.py [--pair oldest|newest] [-- PYTEST_ARGUMENTS]

Says how many tests passed and failed for each flavour, as text and as a markdown table. What an
old version cannot do by itself is left out, here by name and with the reason.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from environments import NEWEST, OLDEST, ROOT, Pair, make, variables
from run_tests import Case, read_cases

TESTS: Final = (
    "tests/keras",
    "tests/measure",
    "tests/training",
    "tests/doctor",
    "tests/diagnose",
)
FLAVOURS: Final = ("keras3", "tf_keras", None)

ARTEFACTS: Final = "tests/keras/test_artefacts.py"


@dataclass(frozen=True, kw_only=True)
class Run:
    """The tests on one pair."""

    pair: Pair
    ignored_warnings: tuple[str, ...] = ()  # of third parties, for pytest's -W
    left_out: dict[str, str] = field(default_factory=dict)  # test -> what the versions lack


RUNS: Final = {
    "oldest": Run(
        pair=OLDEST,
        ignored_warnings=(
            # Keras 3.0 warns of the last, short execution of steps_per_execution.
            "ignore:Your input ran out of data",
            # tf_keras 2.16 draws the number of a backend's seed between 1 and 1e9, a float.
            "ignore:non-integer arguments to randrange",
            # tf_keras 2.16 warns of a second layer that one unseeded initializer starts.
            "ignore:The initializer GlorotUniform is unseeded",
        ),
        left_out={
            f"{ARTEFACTS}::test_an_artefact_predicts_equally_and_holds_nothing_of_ours"
            "[keras3-by_lite]": "TensorFlow Lite 2.16 aborts the process on any Keras 3 model",
            f"{ARTEFACTS}::test_an_artefact_predicts_equally_and_holds_nothing_of_ours"
            "[keras3-by_h5]": "Keras 3.0 cannot save a nested model as HDF5",
            f"{ARTEFACTS}::test_a_copy_is_equal_and_not_watched[keras3-unpickle]": (
                "Keras 3.0 cannot pickle a model"
            ),
            f"{ARTEFACTS}::test_a_copy_is_equal_and_not_watched[keras3-deep_copy]": (
                "Keras 3.0 cannot deep copy a model"
            ),
            f"{ARTEFACTS}::test_a_copied_layer_is_its_own[keras3]": (
                "Keras 3.0 cannot deep copy a layer"
            ),
            "tests/keras/losses/test_observe.py"
            "::test_nothing_of_ours_is_in_what_is_saved_copied_or_pickled[keras3]": (
                "Keras 3.0 cannot deep copy a model"
            ),
            "tests/keras/calls/test_counting_loop.py"
            "::test_a_model_built_around_a_watched_one_is_no_execution[keras3]": (
                "Keras 3.0 has no compute_output_shape of a functional model"
            ),
            "tests/training/test_callback_frequency.py::test_several_steps_an_execution[keras3]": (
                "Keras 3.0 tells no callback of the last execution of an epoch if it is a short one"
            ),
        },
    ),
    "newest": Run(pair=NEWEST),
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of the tests on one pair."""

    run: Run
    python: str  # "3.11.7"
    status: int  # of pytest
    cases: tuple[Case, ...]

    def counts(self, flavour: str | None) -> str:
        """How many tests of one flavour passed and failed; None: of those without a flavour."""
        verdicts = Counter(case.verdict for case in self.cases if case.flavour == flavour)
        skipped = f", {verdicts['skipped']} skipped" if verdicts["skipped"] else ""
        return f"{verdicts['passed']} passed, {verdicts['failed']} failed{skipped}"


def run_tests(name: str, run: Run, arguments: Sequence[str]) -> Result:
    """Runs the tests on one pair, in its own environment."""
    python = make(run.pair)
    report = ROOT / ".cache" / "tests" / f"matrix-{name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    print(f"\n{run.pair.name}", flush=True)
    options = [f"--junitxml={report}", "-p", "no:cacheprovider"]
    options += [f"-W{warning}" for warning in run.ignored_warnings]
    options += [part for test in run.left_out for part in ("--deselect", test)]
    tests = [] if any(Path(argument.split("::")[0]).exists() for argument in arguments) else TESTS
    command = [str(python), "-m", "pytest", "-q", *options, *tests, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=variables(), check=False)
    answer = subprocess.run(
        [str(python), "-c", "import platform; print(platform.python_version())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return Result(
        run=run,
        python=answer.stdout.strip(),
        status=done.returncode,
        cases=tuple(read_cases("python", report)),
    )


HEAD: Final = ("versions", "Python", "on Keras 3", "on tf_keras", "on neither", "left out")


def rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """The cells of the table, one row for each pair."""
    return [
        (
            result.run.pair.name,
            result.python,
            *(result.counts(flavour) for flavour in FLAVOURS),
            str(len(result.run.left_out)),
        )
        for result in results
    ]


def text(table: Sequence[tuple[str, ...]]) -> str:
    """The table for a terminal."""
    widths = [max(map(len, column)) for column in zip(HEAD, *table, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (HEAD, *table)
    )


def markdown(table: Sequence[tuple[str, ...]]) -> str:
    """The table for a page."""
    lines = [HEAD, ("---",) * len(HEAD), *table]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def main() -> int:
    """Exit status 0 where every test ran and passed on each pair."""
    parser = argparse.ArgumentParser(description="Runs tests on the oldest and newest versions.")
    parser.add_argument("--pair", choices=tuple(RUNS), help="only this one")
    parser.add_argument("arguments", nargs="*", help="for pytest, after --")
    options = parser.parse_args()
    results = [
        run_tests(name, run, options.arguments)
        for name, run in RUNS.items()
        if options.pair in (None, name)
    ]
    table = rows(results)
    print(f"\n{text(table)}\n\n{markdown(table)}\n")
    for result in results:
        for test, reason in result.run.left_out.items():
            print(f"left out with TensorFlow {result.run.pair.tensorflow}: {test}: {reason}")
        if not result.cases:
            print(f"no test ran with TensorFlow {result.run.pair.tensorflow}: it ended early")
    return 0 if all(result.status == 0 and result.cases for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
