"""`make bench`: every figure beside its limit. Exit status 1 when one is over it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

GROUPS = (
    *("reading", "hostile", "page", "recording", "probing", "gradient", "recalibrate"),
    *("preflight", "findings", "fixes"),
)


def main() -> int:
    """Runs the groups asked for, and prints their figures as they come."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}")
    chosen = parser.parse_args().groups or GROUPS
    over = 0
    for group in chosen:
        if group not in GROUPS:
            parser.error(f"no group {group!r}; there are {', '.join(GROUPS)}")
        print(f"{group}", flush=True)
        for figure in importlib.import_module(f"benchmarks.{group}").run():
            print(f"  {figure.line()}", flush=True)
            over += not figure.holds
    print("all within their limits" if not over else f"{over} over the limit")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
