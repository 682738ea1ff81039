"""CONTRIBUTING names what exists: files, folders of the package and of the tests, make targets."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "tb_bnplugin"
LOOKED_IN = (ROOT, PACKAGE, PACKAGE / "diagnose")
TABLE = re.findall(r"^\| (`.*?`) \|", TEXT.partition("| in `tb_bnplugin/` |")[2], re.MULTILINE)


NAMED = set(re.findall(r"`([\w./]+(?:\.py|\.md|\.toml|/))`", TEXT)) - {"dist/"}  # built


@pytest.mark.parametrize("name", sorted(NAMED))
def test_named_files_and_folders_exist(name: str) -> None:
    assert any((folder / name).exists() for folder in LOOKED_IN), name


def test_every_folder_of_the_package_is_in_the_table() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)/`", " ".join(TABLE)))
    assert named == folders


def test_tests_mirror_the_package() -> None:
    section = TEXT[TEXT.index("`tests/` has a folder for") :].split("\n\n")[0]
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.rglob("*.py"))}
    assert set(re.findall(r"`(\w+)`", section)) == folders


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`make (?:-\w )?([a-z-]+)", TEXT))))
def test_make_targets_exist(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:|^\.PHONY:.*\b{target}\b|\b{target}\b:", makefile, re.MULTILINE)
