"""The site has a place for every page, and its reference every public name."""

from __future__ import annotations

import re

import tb_bnplugin
from tests.conftest import ROOT

SITE = (ROOT / "mkdocs.yml").read_text("utf-8")


def test_every_page_is_in_the_navigation() -> None:
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {"rules/README.md"}
    pages |= {f"guides/{path.name}" for path in (ROOT / "docs" / "guides").glob("*.md")}
    listed = re.findall(r"^ +- .*: (\S+\.(?:md|ipynb))$", SITE, re.MULTILINE)
    assert sorted(listed) == sorted(set(listed))
    assert set(listed) == pages


def test_the_reference_has_every_public_name() -> None:
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    listed = re.findall(r"^::: tb_bnplugin\.(\S+)$", text, re.MULTILINE)
    functions = {name for name in listed if name.startswith("summary.")}
    assert set(listed) - functions == set(tb_bnplugin.__all__) - {"__version__", "summary"}
    assert functions == {
        f"summary.{name}"
        for name in ("batch_norm", "loss_reduction", "probe", "recalibration", "twin")
    }
