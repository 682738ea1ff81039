"""`python -m benchmarks.preflight [NAME ...] [-k keras]`: a line for each program."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.findings.results import FLAVOURS
from benchmarks.findings.runner import flavours_of, programs
from benchmarks.preflight.figures import look


def main() -> None:
    """Run the programs asked for, and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("-k", "--keras", choices=FLAVOURS)
    parser.add_argument("-o", "--output", type=Path, help="results are added, those there kept")
    options = parser.parse_args()
    chosen = [options.keras] if options.keras else FLAVOURS
    kept = options.output is not None and options.output.exists()
    lines = options.output.read_text().splitlines() if kept else []
    done = {(held["program"], held["flavour"]) for held in map(json.loads, lines)}
    for program in programs(options.names):
        for flavour in chosen:
            if flavour not in flavours_of(program) or (program, flavour) in done:
                continue
            answer = look(program, flavour)
            if options.output is not None:
                with options.output.open("a") as stream:
                    stream.write(json.dumps(answer) + "\n")
            print(
                *(program, flavour, answer.get("expected"), answer.get("found")),
                *(answer.get("failed"), answer["error"][-300:], answer.get("seconds")),
                flush=True,
            )


if __name__ == "__main__":
    main()
