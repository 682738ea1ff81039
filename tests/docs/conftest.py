"""Programs of the documentation write into the folder that they run in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def in_an_empty_folder(tmp_path: Path) -> Iterator[None]:
    """A folder of its own, for the files of one test."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)
