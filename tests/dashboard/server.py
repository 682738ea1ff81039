"""A real TensorBoard in a process of its own, and requests to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from tensorboard.compat.proto.event_pb2 import Event

from tb_bnplugin.dashboard.payload.report import report
from tb_bnplugin.history.build import build_run
from tb_bnplugin.logs.folder import LogFolder, _CutError, _read_frames

ROOT: Final = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS: Final = 60.0

_WITHOUT_TENSORFLOW: Final = (
    "import sys; sys.modules['tensorflow'] = None\n"
    "from tensorboard.main import run_main\n"
    "sys.argv[0] = 'tensorboard'\n"
    "sys.exit(run_main())\n"
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer of a route."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        """The body as JSON, which may hold no NaN."""

        def refuse(constant: str) -> None:
            raise ValueError(f"the answer holds {constant}")

        return json.loads(self.body, parse_constant=refuse)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running TensorBoard."""

    host: str
    port: int
    prefix: str = ""
    log: Path = field(default=Path())
    process: int = 0

    def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sends a path as it is, dots and all."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, f"{self.prefix}{path}", headers=dict(headers or {}))
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=received, body=response.read())

    def route(self, route: str, method: str = "GET", /, **arguments: str | int) -> Answer:
        """Asks a route of the plugin."""
        query = f"?{urlencode(arguments)}" if arguments else ""
        return self.ask(f"/data/plugin/batch_norm/{route}{query}", method)

    def wait_for_runs(self, count: int) -> list[dict[str, Any]]:
        """The runs, once so many are listed, however far they are read, and are counted."""
        until = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < until:
            answer = self.route("runs")
            runs: list[dict[str, Any]] = answer.json()["runs"] if answer.status == 200 else []
            if len(runs) >= count and all(run["errors"] is not None for run in runs):
                return runs
            time.sleep(0.1)
        raise TimeoutError(f"no {count} runs in {TIMEOUT_SECONDS} s: {self.route('runs').body!r}")

    def wait_for_log(self, logdir: Path, *, scalars: bool = True, but: str = "") -> None:
        """Waits until TensorBoard gives all that the log folder holds, and findings are counted.

        While TensorBoard reads, it gives whatever it has read by then.

        Args:
            logdir: the log folder.
            scalars: wait for those too; TensorBoard's own routes may be unable to give them.
            but: a run of which a loader never gives all.
        """
        expected = _LogEnds.of(logdir)
        reports = {key: ends for key, ends in expected.reports.items() if key[0] != but}
        expected = replace(expected, reports=reports, scalars=expected.scalars if scalars else {})
        until = time.monotonic() + TIMEOUT_SECONDS
        while (missing := expected.missing(self)) is not None:
            if time.monotonic() > until:
                raise TimeoutError(f"not read in {TIMEOUT_SECONDS} s: {missing}")
            time.sleep(0.1)


@dataclass(frozen=True, kw_only=True)
class _LogEnds:
    """How far a log reaches: an event file is read in its order, so that its ends tell it all."""

    runs: set[str]  # those with records
    reports: dict[tuple[str, str], dict[str, Any]]  # by run and model
    scalars: dict[tuple[str, str], int]  # by run and tag: the last step

    @classmethod
    def of(cls, logdir: Path) -> _LogEnds:
        folder = LogFolder(logdir)
        listings = folder.list_runs()
        reports = {}
        for run, listing in listings.items():
            records, _ = folder.read_records(listing)
            history = build_run(run, records)
            reports.update(
                {
                    (run, model.facts.name): _ends(report(history, model, ()))
                    for model in history.models
                }
            )
        return cls(runs={*listings}, reports=reports, scalars=_scalar_ends(logdir))

    def missing(self, server: Server) -> str | None:
        """The first thing that TensorBoard does not give yet; None where it gives all."""
        answer = server.route("runs")
        listed = answer.json()["runs"] if answer.status == 200 else []
        if {run["run"] for run in listed} != self.runs:
            return f"the runs {sorted(self.runs)}: {answer.body!r}"
        for (run, model), ends in self.reports.items():
            answer = server.route("report", run=run, model=model)
            # A tag without a value keeps the Python loader from listing its run.
            unlisted = answer.status == 404 and b"has no value" in answer.body
            if not unlisted and (answer.status != 200 or _ends(answer.json()) != ends):
                return f"the records of {run}: {answer.body[:500]!r}"
        for (run, tag), step in self.scalars.items():
            query = urlencode({"run": run, "tag": tag})
            answer = server.ask(f"/data/plugin/scalars/scalars?{query}")
            if answer.status != 200 or answer.json()[-1][1] != step:
                return f"scalar {tag} of {run}"
        uncounted = [run["run"] for run in listed if run["errors"] is None]
        return f"the findings of {uncounted}" if uncounted else None


def _ends(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The part that is the same however many records TensorBoard leaves out between the ends."""
    last = {"steps": answer["steps"][-1:], "epochs": answer["epochs"][-1:]}
    return last | {"losses": answer["losses"], "probe": answer["probe"]}


def _scalar_ends(logdir: Path) -> dict[tuple[str, str], int]:
    ends: dict[tuple[str, str], int] = {}
    for path in sorted(logdir.rglob("*tfevents*")):
        run = path.parent.relative_to(logdir).as_posix()
        with path.open("rb") as stream, contextlib.suppress(_CutError):
            for content in _read_frames(stream):
                event = Event.FromString(content)
                for value in event.summary.value:
                    if value.metadata.plugin_data.plugin_name == "scalars":
                        ends[run, value.tag] = event.step
    return ends


@contextlib.contextmanager
def serve(
    logdir: Path | str, *flags: str, prefix: str = "", tensorflow: bool = True
) -> Iterator[Server]:
    """Starts TensorBoard as a user does, or where TensorFlow cannot be imported."""
    program = (
        [str(Path(sys.executable).with_name("tensorboard"))]
        if tensorflow
        else [sys.executable, "-c", _WITHOUT_TENSORFLOW]
    )
    arguments = ["--logdir", str(logdir), "--port=0", "--host=127.0.0.1", *flags]
    if prefix:
        arguments.append(f"--path_prefix={prefix}")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "tensorboard.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*program, *arguments],
                stdout=output,
                stderr=output,
                # The plugin of this checkout, wherever the environment has another one.
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        try:
            port = _wait_for_port(process, log)
            yield Server(host="127.0.0.1", port=port, prefix=prefix, log=log, process=process.pid)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for_port(process: subprocess.Popen[bytes], log: Path) -> int:
    until = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < until:
        printed = log.read_text(encoding="utf-8", errors="replace")
        found = re.search(r"at http://[^:]+:(\d+)/", printed)
        if found:
            return int(found.group(1))
        if process.poll() is not None:
            raise RuntimeError(f"TensorBoard ended with {process.returncode}:\n{printed}")
        time.sleep(0.05)
    raise TimeoutError(f"TensorBoard did not start in {TIMEOUT_SECONDS} s:\n{log.read_text()}")
