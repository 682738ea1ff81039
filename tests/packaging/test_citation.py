"""CITATION.cff is a file of the Citation File Format 1.2.0, and of this version."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

import tb_bnplugin
from tests.conftest import ROOT

REQUIRED = {"authors", "cff-version", "message", "title"}
ALLOWED = REQUIRED | {
    *("abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords"),
    *("license", "license-url", "preferred-citation", "references", "repository"),
    *("repository-artifact", "repository-code", "type", "url", "version"),
}


@pytest.fixture(scope="module")
def citation() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def test_it_has_the_keys_of_the_format(citation: dict[str, Any]) -> None:
    assert set(citation) >= REQUIRED
    assert set(citation) <= ALLOWED
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"


def test_texts_are_texts(citation: dict[str, Any]) -> None:
    lists = {"authors", "keywords"}
    assert all(isinstance(value, str) for key, value in citation.items() if key not in lists)
    assert all(isinstance(word, str) for word in citation["keywords"])
    assert len(set(citation["keywords"])) == len(citation["keywords"])


def test_an_author_is_a_person_or_an_entity(citation: dict[str, Any]) -> None:
    assert citation["authors"]
    for author in citation["authors"]:
        assert set(author) & {"name", "family-names", "given-names", "alias"}


def test_it_is_of_this_version_and_licence(citation: dict[str, Any]) -> None:
    assert citation["version"] == tb_bnplugin.__version__
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    declared = re.search(r'^license = "(.*)"$', project, re.MULTILINE)
    assert declared
    assert citation["license"] == declared[1]
