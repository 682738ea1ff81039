"""`python -m benchmarks.public [NAME ...]`: runs public programs, and says what was found."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks.findings.versions import installed
from benchmarks.public import table
from benchmarks.public.program import FLAVOURS
from benchmarks.public.programs import PROGRAMS
from benchmarks.public.results import Result
from benchmarks.public.runner import ROOT, chosen, run_all

PAGE = ROOT / "docs" / "benchmark.md"


def main() -> int:
    """Runs the programs asked for. Exit status 1 when one is broken, changed or blamed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.public", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs or repositories")
    parser.add_argument("--mirror", type=Path, metavar="DIR", help="git directories; else clones")
    parser.add_argument("--flavour", choices=FLAVOURS, help="both, if not given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")
    parser.add_argument("--resume", action="store_true", help="run only what FILE does not hold")
    parser.add_argument("--show", action="store_true", help="show what the programs print")
    parser.add_argument("--write", action="store_true", help="write the section of the page")
    arguments = parser.parse_args()
    if arguments.write and (arguments.names or arguments.flavour):
        parser.error("--write is for all programs on both flavours")
    if arguments.resume and not arguments.json:
        parser.error("--resume needs the file of --json")
    try:
        programs = chosen(arguments.names)
    except ValueError as error:
        parser.error(str(error))
    flavours = (arguments.flavour,) if arguments.flavour else FLAVOURS
    results: list[Result] = []
    if arguments.resume and arguments.json.exists():
        results = [Result.from_json(each) for each in json.loads(arguments.json.read_text())]
    done = {(result.name, result.flavour) for result in results}
    for result in run_all(programs, arguments.mirror, flavours, done, shown=arguments.show):
        results.append(result)
        print(table.line(result, PROGRAMS[result.name].judged), flush=True)
        if arguments.json:  # after each: a run of all may be cut off
            arguments.json.write_text(json.dumps([each.to_json() for each in results], indent=1))
    if arguments.write:
        page = PAGE.read_text().partition(table.BEGIN)[0]
        PAGE.write_text(page + table.section(results, PROGRAMS, installed()))
    return 0 if all(table.good(each, PROGRAMS[each.name].judged) for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
