"""`python -m benchmarks.findings [NAME ...]`: runs programs, and says what was found."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.findings import table
from benchmarks.findings.results import FLAVOURS, Result
from benchmarks.findings.runner import PROCESSES, ROOT, programs, run_all
from benchmarks.findings.score import score
from benchmarks.findings.versions import installed

PAGE = ROOT / "docs" / "benchmark.md"


def main() -> int:
    """Runs the programs asked for. Exit status 1 when one is not what it says it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.findings", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs, `faulty` or `healthy`")
    parser.add_argument("--flavour", choices=FLAVOURS, help="both, if not given")
    parser.add_argument("--processes", type=int, default=PROCESSES, help="programs at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")
    parser.add_argument(
        "--resume", action="store_true", help="do not run again what FILE holds a result of"
    )
    parser.add_argument("--write", action="store_true", help="write docs/benchmark.md")
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
    results = _earlier(arguments.json) if arguments.resume else []
    done = {(f"{result.kind}/{result.name}", result.flavour) for result in results}
    for result in run_all(chosen, flavours, arguments.processes, done):
        results.append(result)
        print(table.line(result), flush=True)
        if arguments.json:  # after each: an hour's run may be cut off
            arguments.json.write_text(json.dumps([each.to_json() for each in results], indent=1))
    for flavour in flavours:
        print(table.totals(score(results, flavour)))
    if arguments.write:
        results.sort(key=lambda each: (each.kind, each.name, each.flavour))
        _, mark, public = PAGE.read_text().partition("<!-- public programs")  # another's section
        PAGE.write_text(table.page(results, installed()) + mark + public)
    return 0 if all(result.valid for result in results) else 1


def _earlier(file: Path) -> list[Result]:
    """The results of an earlier run that came to an end, those of programs that died left out."""
    if not file.exists():
        return []
    results = [Result.from_json(each) for each in json.loads(file.read_text())]
    return [result for result in results if not result.error]


if __name__ == "__main__":
    sys.exit(main())
