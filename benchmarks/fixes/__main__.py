"""`python -m benchmarks.fixes [NAME ...]`: applies the printed fixes, and says what they cure."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.findings.results import FLAVOURS
from benchmarks.findings.runner import PROCESSES, ROOT
from benchmarks.findings.versions import installed
from benchmarks.fixes import table
from benchmarks.fixes.figures import figures_of
from benchmarks.fixes.results import Result
from benchmarks.fixes.runner import programs, run_all

PAGE = ROOT / "docs" / "fixes.md"


def main() -> int:
    """Runs the programs asked for. Exit status 1 when a fix does not cure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fixes", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs, or codes of rules")
    parser.add_argument("--flavour", choices=FLAVOURS, help="both, if not given")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="programs at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")
    parser.add_argument(
        "--resume", action="store_true", help="run only what FILE holds no working fix of"
    )
    parser.add_argument("--write", action="store_true", help="write docs/fixes.md")
    arguments = parser.parse_args()
    if arguments.write and (arguments.names or arguments.flavour):
        parser.error("--write is for all programs on both flavours")
    if arguments.resume and not arguments.json:
        parser.error("--resume needs the file of --json")
    try:
        chosen = programs(arguments.names)
    except ValueError as error:
        parser.error(str(error))
    flavours = (arguments.flavour,) if arguments.flavour else FLAVOURS
    results = _earlier(arguments.json, chosen) if arguments.resume else []
    done = {(result.name, result.flavour) for result in results}
    for result in run_all(chosen, flavours, arguments.processes, done):
        results.append(result)
        print(table.line(result), flush=True)
        if arguments.json:  # after each: a long run may be cut off
            arguments.json.write_text(json.dumps([each.to_json() for each in results], indent=1))
    whole = not arguments.names and not arguments.flavour
    figures = list(figures_of(results, every=whole))
    print("\n".join(figure.line() for figure in figures))
    if arguments.write:
        results.sort(key=lambda each: (each.name, flavours.index(each.flavour)))
        PAGE.write_text(table.page(results, installed()), encoding="utf-8")
    return 0 if all(figure.holds for figure in figures) else 1


def _earlier(file: Path, chosen: Sequence[str]) -> list[Result]:
    """The results of an earlier run, those that are to be run again left out."""
    if not file.exists():
        return []
    results = [Result.from_json(each) for each in json.loads(file.read_text())]
    return [result for result in results if result.works or result.name not in chosen]


if __name__ == "__main__":
    sys.exit(main())
