"""Ten megabytes of log take less than 500 MB, whatever sizes they name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.dashboard.hostile_logs import RUNS
from tests.dashboard.large_logs import write_large
from tests.dashboard.server import serve
from tests.dashboard.write_log import write_events

MOST: Final = 500_000_000

# Prints the exit status of each folder. What Python and its libraries take themselves is left out:
# an address space that is limited holds reserved pages too, and is the stricter measure.
CHECK = """
import contextlib, io, resource, sys
from tb_bnplugin.cli import main
with open("/proc/self/statm") as status:
    taken = int(status.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[1]),) * 2)
for folder in sys.argv[2:]:
    with contextlib.redirect_stdout(io.StringIO()):
        status = main(["check", folder, "--fail-on", "never"])
    print(status)
"""

CHECKED = ("layers_and_records", "losses", "probes", "nothing", "varints")


def test_check_takes_memory_in_proportion_to_the_log(tmp_path: Path) -> None:
    for name in CHECKED:
        write_large(tmp_path, name)
    folders = [str(tmp_path / name) for name in CHECKED]
    finished = subprocess.run(
        [sys.executable, "-c", CHECK, str(MOST), *folders],
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.stderr == ""
    assert finished.stdout.split() == ["0"] * len(CHECKED)


@pytest.mark.parametrize("loader", ["--load_fast=true", "--load_fast=false"])
def test_the_page_takes_memory_in_proportion_to_the_log(tmp_path: Path, loader: str) -> None:
    write_large(tmp_path, "layers_and_records", checksums=True)
    write_events(tmp_path / "fill", RUNS["fill"]())
    with serve(tmp_path, loader, tensorflow=False) as server:
        server.wait_for_runs(2)
        for run in ("layers_and_records", "fill"):
            assert server.route("report", run=run).status == 200
            assert server.route("layer", run=run, layer=0).status == 200
            assert server.route("scalars", run=run).status == 200
        assert _peak_bytes(server.process) < MOST


def _peak_bytes(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024
