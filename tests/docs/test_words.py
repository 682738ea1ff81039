"""Plain words: how docstrings open, which words need a glossary, and which no user should meet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "tb_bnplugin"
MOST_WORDS = 12  # more than that nobody learns before reading on

# Words of our own for ordinary ideas. "stale-trainable" is the name of a rule.
DIALECT = re.compile(
    r"\b(?:honoured|stale(?!-trainable)|foreign|aside|alertness|teller|unreached|another hand"
    r"|news|rare)\b",
    re.IGNORECASE,
)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (PACKAGE / folder).rglob("*.py"))


def strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in a module with its line, docstrings and parts of f-strings among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Docstrings, and the texts below constants and attributes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                yield node.lineno, text


def glossary() -> list[str]:
    """The first column of the table under "Words" in the design; empty without the section."""
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    section = re.search(r"^## Words\n(.*?)(?=^## |\Z)", design, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| *([^|]+?) *\|", section[1], re.MULTILINE) if section else []
    return rows[2:]  # below the head and its rule


def test_docstrings_open_with_a_noun_or_an_imperative() -> None:
    texts = [(path, *found) for path in sources("") for found in docstrings(path)]
    assert len(texts) > 500
    opened = [
        f"{path.relative_to(ROOT)}:{line} {text.splitlines()[0]}"
        for path, line, text in texts
        if re.match(r"(What|Whether)\b", text)
    ]
    assert opened == []


def test_the_glossary_is_short_and_names_each_word_once() -> None:
    words = glossary()
    assert len(words) <= MOST_WORDS
    assert len(set(words)) == len(words)
    assert [word for word in words if DIALECT.search(word)] == []


@pytest.mark.parametrize(
    "path",
    [ROOT / "README.md", *sorted((ROOT / "docs" / "rules").glob("*.md"))],
    ids=lambda path: path.name,
)
def test_documents_for_users_have_no_dialect(path: Path) -> None:
    assert DIALECT.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "path", sources("cli", "diagnose/rules"), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_texts_of_rules_and_of_the_command_line_have_no_dialect(path: Path) -> None:
    found = [(line, word) for line, text in strings(path) for word in DIALECT.findall(text)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what is honoured, and the stale one", ["honoured", "stale"]),
        ("the rule stale-trainable", []),
        ("graph_training_false_honoured_in_fit", []),
        ("rarely, foreigners, a newsletter", []),
    ],
)
def test_dialect_is_told_from_names_and_other_words(text: str, words: list[str]) -> None:
    assert DIALECT.findall(text) == words
