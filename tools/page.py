"""Makes sure that the page in tb_bnplugin/dashboard/static is built and not older than its source.

    python tools/page.py

Nothing is done where the page is fresh, or where there is no source to build it from.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from npm import run_npm

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
LOCK = FRONTEND / "package-lock.json"
STATIC = ROOT / "tb_bnplugin" / "dashboard" / "static"
PAGE = tuple(STATIC / name for name in ("index.js", "style.css", "LICENSES.txt"))
NOT_SOURCE = {"node_modules", "playwright-report", "test-results", "tests"}


def page_must_be_built() -> bool:
    """Whether there is a source of the page, and no page that is at least as new."""
    return LOCK.is_file() and not _page_is_fresh()


def make_sure_of_page() -> None:
    """Builds the page where that is needed.

    Raises:
        FileNotFoundError: It is needed, and there is no Node that works.
        RuntimeError: npm failed.
    """
    if not page_must_be_built():
        return
    installed = FRONTEND / "node_modules" / ".package-lock.json"  # npm writes it last
    if not installed.is_file() or installed.stat().st_mtime < LOCK.stat().st_mtime:
        _npm("ci", "--ignore-scripts")
    _npm("run", "build")
    for part in PAGE:
        if not part.is_file():
            raise RuntimeError(f"`npm run build` in frontend/ wrote no {part.relative_to(ROOT)}")
        part.touch()  # an unchanged part counts as built now


def _page_is_fresh() -> bool:
    if not all(part.is_file() for part in PAGE):
        return False
    if (ROOT / "PKG-INFO").is_file():
        return True  # an sdist: its page was built with it, and unpacking may set new times
    built_at = min(part.stat().st_mtime for part in PAGE)
    return all(source.stat().st_mtime <= built_at for source in _sources(FRONTEND))


def _sources(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_file():
            yield entry
        elif entry.name not in NOT_SOURCE:
            yield from _sources(entry)


def _npm(*arguments: str) -> None:
    status = run_npm(FRONTEND, *arguments)
    if status != 0:
        raise RuntimeError(f"`npm {' '.join(arguments)}` in frontend/ ended with status {status}")


if __name__ == "__main__":
    try:
        make_sure_of_page()
    except (FileNotFoundError, RuntimeError) as error:
        sys.exit(f"page: {error}")
