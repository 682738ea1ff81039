"""`python -m benchmarks.findings [NAME ...]`: runs programs, and says what was found."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.findings import table
from benchmarks.findings.results import FLAVOURS, Result
from benchmarks.findings.runner import PROCESSES, ROOT, programs, run_all
from benchmarks.findings.score import score

PAGE = ROOT / "docs" / "benchmark.md"


def main() -> int:
    """Runs the programs asked for. Exit status 1 when one is not what it says it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.findings", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs, `faulty` or `healthy`")
    parser.add_argument("--flavour", choices=FLAVOURS, help="both, if not given")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="programs at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")
    parser.add_argument("--write", action="store_true", help="write docs/benchmark.md")
    arguments = parser.parse_args()
    if arguments.write and (arguments.names or arguments.flavour):
        parser.error("--write is for all programs on both flavours")
    try:
        chosen = programs(arguments.names)
    except ValueError as error:
        parser.error(str(error))
    flavours = (arguments.flavour,) if arguments.flavour else FLAVOURS
    results: list[Result] = []
    for result in run_all(chosen, flavours, arguments.processes):
        results.append(result)
        print(table.line(result), flush=True)
    for flavour in flavours:
        print(table.totals(score(results, flavour)))
    if arguments.json:
        arguments.json.write_text(json.dumps([result.to_json() for result in results], indent=1))
    if arguments.write:
        PAGE.write_text(table.page(results, _versions()))
    return 0 if all(result.valid for result in results) else 1


def _versions() -> str:
    names = {"tensorflow": "TensorFlow", "keras": "Keras", "tf_keras": "tf_keras"}
    return ", ".join(f"{name} {version(package)}" for package, name in names.items())


if __name__ == "__main__":
    sys.exit(main())
