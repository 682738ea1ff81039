"""One log for all tests, and TensorBoard on it under each loader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.logs import write_all
from tests.dashboard.server import Server, serve


@pytest.fixture(scope="session")
def logdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log folder."""
    folder: Path = tmp_path_factory.mktemp("logs")
    write_all(folder)
    return folder


@pytest.fixture(scope="session", params=["--load_fast=true", "--load_fast=false"])
def server(request: pytest.FixtureRequest, logdir: Path) -> Iterator[Server]:
    """TensorBoard with the sampling limits as shipped, under each loader in turn."""
    with serve(logdir, request.param) as started:
        started.wait_for_log(logdir)
        yield started
