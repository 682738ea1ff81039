"""TensorBoard for the browser tests: prints where, and ends when its input is closed.

python -m tests.browser.serve FOLDER
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.browser.logs import write_all
from tests.dashboard.server import Server, serve

PREFIX = "/some/prefix"


def _address(server: Server) -> str:
    return f"http://{server.host}:{server.port}{server.prefix}/"


def main(folder: Path) -> None:
    """Serves one log under both loaders, one of them below a path prefix, and an empty folder."""
    logdir, empty = folder / "logs", folder / "empty"
    write_all(logdir)
    empty.mkdir()
    with ExitStack() as stack:
        fast = stack.enter_context(serve(logdir, "--load_fast=true", "--reload_interval=1"))
        slow = stack.enter_context(
            serve(logdir, "--load_fast=false", "--reload_interval=1", prefix=PREFIX)
        )
        nothing = stack.enter_context(serve(empty, "--load_fast=true", tensorflow=False))
        for server in (fast, slow):
            server.wait_for_log(logdir)
        places = {"fast": _address(fast), "slow": _address(slow), "empty": _address(nothing)}
        print(json.dumps({**places, "logdir": str(logdir)}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
