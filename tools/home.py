"""Where the project lives: the one place that names its address, and what follows from it.

While `HOME` is None the package names no address, and README keeps its relative links.
"""

from __future__ import annotations

import re
from typing import Final

HOME: Final[str | None] = None
"""Address of the repository, as "https://host/owner/name", without a slash at its end."""

_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def project_urls(home: str | None = HOME) -> dict[str, str]:
    """The links that a package index shows beside the package."""
    if home is None:
        return {}
    return {
        "Homepage": home,
        "Documentation": f"{home}/blob/HEAD/docs/index.md",
        "Rules": f"{home}/blob/HEAD/docs/rules/README.md",
        "Changelog": f"{home}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{home}/issues",
    }


def absolute_links(text: str, home: str | None = HOME) -> str:
    """The text with links that lead to the repository, for a page that stands elsewhere."""
    if home is None:
        return text

    def absolute(link: re.Match[str]) -> str:
        image, words, target = link.group("image", "text", "target")
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        return f"{image}[{words}]({home}/{'raw' if image else 'blob'}/HEAD/{target})"

    return _LINK.sub(absolute, text)
