"""The answers of the page's routes in a file of bounded size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

BYTES: Final = 20_000_000
"""Of all answers of a file; the first report is always among them."""


class Answers:
    """Answers as JSON texts, as long as they fit.

    Args:
        limit: bytes of all of them.
    """

    def __init__(self, limit: int = BYTES) -> None:
        self.texts: list[str] = []
        self._left = limit

    def add(self, route: str, answer: Mapping[str, Any], **arguments: str | int) -> bool:
        """Add an answer to a question, or return False where it is too large."""
        entry = {"route": route, "arguments": arguments, "answer": answer}
        text = json.dumps(entry, separators=(",", ":"), allow_nan=False)
        fits = not self.texts or len(text) <= self._left
        if fits:
            self.texts.append(text)
            self._left -= len(text)
        return fits
