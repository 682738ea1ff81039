"""What the page costs in Chromium, inside TensorBoard: one large run, and the table of many."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np

from benchmarks.figures import Figure
from tb_bnplugin.schema.facts import Graph, Node
from tests.dashboard.server import Server, serve
from tests.dashboard.write_log import scalar_event, write_history
from tests.support.histories import create_history, inference_columns

FRONTEND = Path(__file__).resolve().parent.parent / "frontend"
NPM = FRONTEND.parent / "tools" / "npm.py"
LAYERS = 200
STEPS = range(1, 1001)
FRAME_MS = 1000 / 60
SCRIPT_MS = 16
RUNS = 1000


def run() -> Iterator[Figure]:
    """All figures of the page."""
    with tempfile.TemporaryDirectory() as folder:
        name = write_log(Path(folder))
        with serve(Path(folder), "--load_fast=true") as server:
            server.wait_for_runs(1)
            place = f"#batch_norm&p.batch_norm.run={quote(name, safe='')}"
            measured = _measure(f"http://{server.host}:{server.port}/{place}")
    yield Figure(
        name=f"{LAYERS} layers x 1,000 steps: the tab's navigation to painted",
        value=measured["in_frame_ms"],
        limit=1000,
        unit="ms",
        note=f"{measured['painted_ms']:.0f} ms with TensorBoard's own start",
    )
    yield Figure(
        name="script of one cursor move over all pictures",
        value=measured["move_ms"],
        limit=FRAME_MS,
        unit="ms",
    )
    yield from _many_runs()


def _many_runs() -> Iterator[Figure]:
    """The table of many runs, and the memory of TensorBoard with and without it."""
    with tempfile.TemporaryDirectory() as folder:
        write_runs(Path(folder))
        with serve(Path(folder), "--load_fast=true") as server:
            alone = _memory_when_listed(server)
            address = f"http://{server.host}:{server.port}/"
            measured = _measure(address, "table")
            shown = _memory(server)
    yield Figure(
        name=f"{RUNS:,} runs: the list of runs to a painted table, nothing read before",
        value=measured["listed_to_painted_ms"],
        limit=1000,
        unit="ms",
        note=f"{measured['in_frame_ms']:.0f} ms from the tab's navigation",
    )
    yield Figure(
        name="until every row is read",
        value=measured["read_ms"] / 1000,
        limit=120,
        unit="s",
        note="in the background, what is in sight first",
    )
    yield Figure(
        name="scrolling by five rows: the median frame",
        value=measured["scroll_ms"],
        limit=2 * FRAME_MS,
        unit="ms",
        note=f"{measured['slow_scroll_ms']:.0f} ms in the slowest of 20; depends on the machine",
    )
    yield Figure(
        name="script of a frame that a wheel scrolls by ten rows, p99",
        value=measured["slow_script_ms"],
        limit=SCRIPT_MS,
        unit="ms",
        note=f"{measured['script_ms']:.1f} ms in the median frame, "
        f"{measured['long_tasks']:.0f} tasks longer than 50 ms",
    )
    yield Figure(
        name="memory of TensorBoard with the table, against before the tab is opened",
        value=shown / alone,
        limit=1.2,
        unit="times",
        note=f"{shown / 1e6:.0f} MB",
    )


def write_runs(logdir: Path) -> None:
    """Many small runs, some of them wrong, each with a curve."""
    steps = range(1, 41)
    for number in range(RUNS):
        wrong = inference_columns(steps) if number % 7 == 0 else {}
        history = create_history(
            steps=steps, layers=8, columns=wrong, run=f"sweep/seed_{number:04}/train"
        )
        scalars = [scalar_event("batch_loss", step, 1000.0 + step, 1 / step) for step in steps]
        write_history(logdir, history, scalars, checksums=False)


def _memory_when_listed(server: Server) -> int:
    """What TensorBoard has taken once it lists every run, and nobody has asked this plugin."""
    path = "/data/plugin/scalars/tags"
    while len(server.ask(path).json()) < RUNS:
        time.sleep(0.5)
    return _memory(server)


def _memory(server: Server) -> int:
    """Bytes of the process and of the loader that it has started."""
    children = Path(f"/proc/{server.process}/task/{server.process}/children").read_text()
    return sum(
        int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
        for process in (server.process, *children.split())
    )


def write_log(logdir: Path) -> str:
    """A run with a chain of layers and two curves; returns its name."""
    steps = np.array(STEPS, np.float64)
    history = create_history(
        steps=STEPS, layers=LAYERS, columns={"mean_gap": 1 / steps, "moving_mean": 1 - 1 / steps}
    )
    nodes = tuple(
        Node(path=layer.path, layer_class=layer.layer_class, layer=index)
        for index, layer in enumerate(history.facts.layers)
    )
    graph = Graph(nodes=nodes, edges=tuple((index, index + 1) for index in range(LAYERS - 1)))
    history = replace(history, facts=replace(history.facts, graph=graph))
    scalars = [
        scalar_event(tag, step, 1000.0 + step, 1 / step)
        for step in STEPS
        for tag in ("batch_loss", "batch_accuracy")
    ]
    write_history(logdir, history, scalars, checksums=False)
    return history.run


def _measure(address: str, view: str = "run") -> dict[str, float]:
    command = [sys.executable, str(NPM), str(FRONTEND), "run", "--silent", "bench", "--"]
    command += [address, view]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured
