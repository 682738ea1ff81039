"""When the page is built: where it is missing or older than its source, and never for nothing."""

from __future__ import annotations

import os
from pathlib import Path

import page
import pytest

OLD, NEW = 1_000_000_000.0, 1_000_000_100.0  # seconds since the epoch


def write(path: Path, modified: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("content")
    os.utime(path, (modified, modified))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a source of the page, and a page that is newer."""
    root = page.ROOT
    for name in ("ROOT", "FRONTEND", "LOCK", "STATIC"):
        original: Path = getattr(page, name)
        monkeypatch.setattr(page, name, tmp_path / original.relative_to(root))
    built = tuple(page.STATIC / part.name for part in page.PAGE)
    monkeypatch.setattr(page, "PAGE", built)
    write(page.LOCK, OLD)
    write(page.FRONTEND / "src" / "main.ts", OLD)
    for part in built:
        write(part, NEW)
    return tmp_path


def test_a_page_newer_than_its_source_is_not_built(project: Path) -> None:
    assert not page.page_must_be_built()


def test_a_missing_page_must_be_built(project: Path) -> None:
    (page.STATIC / "style.css").unlink()
    assert page.page_must_be_built()


def test_a_page_older_than_its_source_must_be_built(project: Path) -> None:
    write(page.FRONTEND / "src" / "main.ts", NEW + 1)
    assert page.page_must_be_built()


def test_installed_packages_and_tests_do_not_make_a_page_stale(project: Path) -> None:
    write(page.FRONTEND / "node_modules" / "some" / "index.js", NEW + 1)
    write(page.FRONTEND / "tests" / "model.test.ts", NEW + 1)
    assert not page.page_must_be_built()


def test_the_page_of_an_sdist_is_never_stale(project: Path) -> None:
    write(page.FRONTEND / "src" / "main.ts", NEW + 1)
    write(project / "PKG-INFO", NEW)
    assert not page.page_must_be_built()


def test_without_source_there_is_nothing_to_build(project: Path) -> None:
    page.LOCK.unlink()
    (page.STATIC / "style.css").unlink()
    assert not page.page_must_be_built()


def test_a_build_that_fails_says_which_command_failed(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (page.STATIC / "index.js").unlink()
    monkeypatch.setattr(page, "run_npm", lambda *_: 7)
    with pytest.raises(RuntimeError, match=r"npm ci --ignore-scripts.* ended with status 7"):
        page.make_sure_of_page()
