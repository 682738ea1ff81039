"""CHANGELOG is by version and kind, the newest version first."""

from __future__ import annotations

import re

import tb_bnplugin
from tests.conftest import ROOT

TEXT = (ROOT / "CHANGELOG.md").read_text("utf-8")
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
VERSIONS = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]


def test_the_newest_version_is_that_of_the_package() -> None:
    assert VERSIONS[0].split()[0] == tb_bnplugin.__version__


def test_a_version_has_a_date_or_is_not_released() -> None:
    for version in VERSIONS:
        head = version.splitlines()[0]
        assert re.fullmatch(r"\d+\.\d+\.\d+ (?:\(unreleased\)|- \d{4}-\d{2}-\d{2})", head)


def test_every_change_stands_under_its_kind() -> None:
    for version in VERSIONS:
        before, *sections = re.split(r"^### ", version, flags=re.MULTILINE)
        assert not re.search(r"^- ", before, re.MULTILINE)
        kinds = [section.splitlines()[0] for section in sections]
        assert kinds == [kind for kind in KINDS if kind in kinds]
        assert all(re.search(r"^- ", section, re.MULTILINE) for section in sections)
