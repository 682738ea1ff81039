"""What reading costs: a log of many records through TensorBoard's code, and all rules on it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import tb_bnplugin
from benchmarks.figures import Figure, median_seconds
from tests.dashboard.server import serve
from tests.dashboard.write_log import channel_records, event_of, scalar_event, write_history
from tests.support.histories import create_history

LAYERS = 52
CLICKED_LAYERS = 200
CHANNELS = 64
CLIENTS = 64
CLICKS = 4  # of each client


def run() -> Iterator[Figure]:
    """All figures of reading."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = {}
        for records in (500, 5000):
            logdir = Path(folder, str(records))
            write_log(logdir, records)
            seconds[records] = median_seconds(_check(logdir), 7)
        yield Figure(
            name="read 5,000 records x 52 layers and run all rules",
            value=seconds[5000],
            limit=1,
            unit="s",
        )
        yield Figure(
            name="time of 5,000 records against ten times that of 500",
            value=seconds[5000] / (10 * seconds[500]),
            limit=1.2,
            unit="x",
            note="1 or less is linear",
        )
        yield _routes(Path(folder, "routes"))
        yield _clicks(Path(folder, "clicks"))


def write_log(logdir: Path, records: int, layers: int = LAYERS) -> str:
    """A log of one healthy run with as many scalar tags as layers; returns the run's name."""
    history = create_history(steps=range(1, records + 1), layers=layers)
    scalars = [
        scalar_event(f"scalar_{tag}", step, 1000.0 + step, 1.0 / step)
        for step in range(1, min(records, 1000) + 1)
        for tag in range(layers)
    ]
    write_history(logdir, history, scalars if records == 1000 else (), checksums=False)
    return history.run


def _check(logdir: Path) -> Callable[[], object]:
    return lambda: tb_bnplugin.check(str(logdir))


def _clicks(logdir: Path) -> Figure:
    """The route of a layer, for many who click at once on layers of one large model."""
    history = create_history(
        steps=range(1, 1001), layers=CLICKED_LAYERS, layer_facts={"channels": CHANNELS}
    )
    steps = range(1, 961, 16)
    values = np.random.default_rng(0).random((len(steps), 4, CLICKED_LAYERS * CHANNELS), np.float32)
    events = [event_of(record) for record in channel_records(history, steps, values)]
    write_history(logdir, history, events, checksums=False)

    def click(client: int) -> list[float]:
        seconds = []
        for number in range(CLICKS):
            begin = time.perf_counter()
            layer = (7 * client + number) % CLICKED_LAYERS
            assert server.route("layer", run=history.run, layer=layer).status == 200
            seconds.append(time.perf_counter() - begin)
        return seconds

    with serve(logdir, "--load_fast=true") as server:
        server.wait_for_log(logdir)
        (alone,) = statistics.quantiles(click(0), n=2)
        with ThreadPoolExecutor(CLIENTS) as clients:
            together = [second for each in clients.map(click, range(CLIENTS)) for second in each]
    return Figure(
        name=f"a layer of {CLICKED_LAYERS} x 1,000 records, {CLIENTS} clients at once: p99",
        value=statistics.quantiles(together, n=100)[-1],
        limit=2,
        unit="s",
        note=f"median {statistics.median(together):.2g} s, {alone * 1e3:.0f} ms for one alone",
    )


def _routes(logdir: Path) -> Figure:
    """The page's data against TensorBoard's own scalars route for as many points."""
    run = write_log(logdir, 1000)
    ours: list[float] = []
    theirs: list[float] = []
    with serve(logdir, "--load_fast=true", "--samples_per_plugin=batch_norm=1000") as server:
        server.wait_for_runs(1)
        for _ in range(9):
            begin = time.perf_counter()
            assert server.route("report", run=run).status == 200
            ours.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            for tag in range(LAYERS):
                path = f"/data/plugin/scalars/scalars?run={run}&tag=scalar_{tag}"
                assert server.ask(path).status == 200
            theirs.append(time.perf_counter() - begin)
    return Figure(
        name="report of 52 layers x 1,000 records against the scalars route",
        value=statistics.median(ours) / statistics.median(theirs),
        limit=1,
        unit="x",
        note=f"{statistics.median(ours) * 1e3:.0f} ms against"
        f" {statistics.median(theirs) * 1e3:.0f} ms for 52 tags",
    )
