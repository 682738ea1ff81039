"""Whoever builds one commit gets the same bytes, in another folder, later, and with other modes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, build

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STATIC = Path("tb_bnplugin", "dashboard", "static")


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory, sdist: Path) -> Path:
    """The folder with sdist and wheel of a copy of this checkout."""
    copy = tmp_path_factory.mktemp("elsewhere") / "of another name"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
            (copy / name).chmod(0o600)
    # last, for a page that is older than its source would be built; the sdist made sure of it
    shutil.copytree(ROOT / STATIC, copy / STATIC, copy_function=shutil.copyfile)
    folder = tmp_path_factory.mktemp("again")
    command = [sys.executable, "-m", "build", "--no-isolation", f"--outdir={folder}"]
    build(command, copy, umask=0o077)
    return folder


def test_two_sdists_are_the_same(sdist: Path, again: Path) -> None:
    other = again / sdist.name

    def entries(path: Path) -> dict[str, tuple[int, int, float, str]]:
        with tarfile.open(path) as archive:
            return {
                entry.name: (entry.size, entry.mode, entry.mtime, entry.uname) for entry in archive
            }

    assert entries(sdist) == entries(other)  # first, for it says what differs
    assert sdist.read_bytes() == other.read_bytes()


def test_the_wheel_of_pip_and_that_of_a_checkout_are_the_same(wheel: Path, again: Path) -> None:
    other = again / wheel.name

    def entries(path: Path) -> dict[str, tuple[int, int, tuple[int, ...]]]:
        with zipfile.ZipFile(path) as archive:
            return {
                entry.filename: (entry.CRC, entry.external_attr, entry.date_time)
                for entry in archive.infolist()
            }

    assert entries(wheel) == entries(other)
    assert wheel.read_bytes() == other.read_bytes()
