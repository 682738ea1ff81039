"""What the page costs: 200 layers x 1,000 steps in Chromium, inside TensorBoard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np

from benchmarks.figures import Figure
from tb_bnplugin.schema.facts import Graph, Node
from tests.dashboard.server import serve
from tests.dashboard.write_log import scalar_event, write_history
from tests.support.histories import create_history

FRONTEND = Path(__file__).resolve().parent.parent / "frontend"
NPM = FRONTEND.parent / "tools" / "npm.py"
LAYERS = 200
STEPS = range(1, 1001)
FRAME_MS = 1000 / 60


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


def _measure(address: str) -> dict[str, float]:
    command = [sys.executable, str(NPM), str(FRONTEND), "run", "--silent", "bench", "--", address]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured
