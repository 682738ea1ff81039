"""The metadata of wheel and sdist: right for a package index, and the same as in the repository."""

from __future__ import annotations

import email
import subprocess
import sys
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from home import absolute_links, project_urls

import tb_bnplugin
from tests.packaging.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_twine_finds_nothing_wrong(sdist: Path, wheel: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.count("PASSED") == 2


def test_the_version_is_that_of_the_package(metadata: Message) -> None:
    assert metadata["Version"] == tb_bnplugin.__version__


def test_the_licence_is_named_and_held(metadata: Message, wheel: Path) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_the_description_is_readme(metadata: Message) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    content = metadata.get_payload(decode=True)
    assert isinstance(content, bytes)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert content.decode().strip() == absolute_links(readme).strip()


def test_the_links_are_those_of_the_address(metadata: Message) -> None:
    named = dict(link.split(", ", 1) for link in metadata.get_all("Project-URL") or [])
    assert named == project_urls()
