"""A real TensorBoard in a process of its own, and requests to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

TIMEOUT_SECONDS: Final = 60.0

_WITHOUT_TENSORFLOW: Final = (
    "import sys; sys.modules['tensorflow'] = None\n"
    "from tensorboard.main import run_main\n"
    "sys.argv[0] = 'tensorboard'\n"
    "sys.exit(run_main())\n"
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a route answered."""

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
        """The runs, once so many are loaded and their findings are counted."""
        until = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < until:
            answer = self.route("runs")
            runs: list[dict[str, Any]] = answer.json()["runs"] if answer.status == 200 else []
            if len(runs) >= count and all(run["errors"] is not None for run in runs):
                return runs
            time.sleep(0.1)
        raise TimeoutError(f"no {count} runs in {TIMEOUT_SECONDS} s: {self.route('runs').body!r}")


@contextlib.contextmanager
def serve(logdir: Path, *flags: str, prefix: str = "", tensorflow: bool = True) -> Iterator[Server]:
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
            process = subprocess.Popen([*program, *arguments], stdout=output, stderr=output)
        try:
            port = _wait_for_port(process, log)
            yield Server(host="127.0.0.1", port=port, prefix=prefix, log=log)
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
