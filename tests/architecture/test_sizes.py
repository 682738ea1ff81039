"""Files and classes stay small enough to be read at once."""

from __future__ import annotations

import ast
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = (".py", ".ts", ".tsx", ".css", ".mjs", ".js", ".sh")
GENERATED = ("_pb2.py", "api_types.ts")

LINES_OF_A_FILE = 400
MEDIAN_LINES = 100  # of the package's Python files
ATTRIBUTES = 15
METHODS = 20


def _sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = (ROOT / name for name in listed if name.endswith(SOURCES))
    return [path for path in paths if path.is_file() and not path.name.endswith(GENERATED)]


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def sources() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    return _sources()


@pytest.fixture(scope="module")
def package(sources: list[Path]) -> list[Path]:
    return [path for path in sources if path.is_relative_to(ROOT / "tb_bnplugin")]


def test_no_source_file_is_long(sources: list[Path]) -> None:
    lengths = {str(path.relative_to(ROOT)): _lines(path) for path in sources}
    assert len(lengths) > 10
    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_FILE} == {}


def test_most_files_of_the_package_are_short(package: list[Path]) -> None:
    lengths = [_lines(path) for path in package if path.suffix == ".py"]
    assert statistics.median(lengths) <= MEDIAN_LINES


def test_no_class_of_the_package_is_large(package: list[Path]) -> None:
    sizes = {
        f"{path.relative_to(ROOT)}: {cls.name}": (len(_attributes(cls)), len(_methods(cls)))
        for path in package
        if path.suffix == ".py"
        for cls in _classes(path.read_text(encoding="utf-8"))
    }
    large = {
        name: f"{attributes} attributes, {methods} methods"
        for name, (attributes, methods) in sizes.items()
        if attributes > ATTRIBUTES or methods > METHODS
    }
    assert large == {}


def test_attributes_and_methods_are_counted_however_they_are_written() -> None:
    (cls,) = _classes(
        "class A:\n"
        "    field: int\n"
        "    constant = 1\n"
        "    @property\n"
        "    def size(self): return 1\n"
        "    async def wait(self):\n"
        "        self.one, (self.two, *self.rest) = self.three.four = 1, (2, 3)\n"
        "        self.one: int = 2\n"
        "        self.five += 1\n"
        "        with open('a') as self.six: pass\n"
        "        other.seven = 1\n"
    )
    assert _attributes(cls) == {"field", "one", "two", "rest", "five", "six"}
    assert _methods(cls) == {"size", "wait"}


def _classes(text: str) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef))


def _methods(cls: ast.ClassDef) -> set[str]:
    return {
        node.name for node in cls.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _attributes(cls: ast.ClassDef) -> set[str]:
    """Annotated fields, and whatever its methods assign to `self`."""
    fields = {
        node.target.id
        for node in cls.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    assigned = {
        node.attr
        for method in cls.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }
    return fields | assigned
