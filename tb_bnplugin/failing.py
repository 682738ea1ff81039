"""From which severity of a finding a check or a test fails: what `fail_on` may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAIL_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "error": ("error",),
    "warning": ("error", "warning"),
    "never": (),
}
"""The words of `fail_on`, each with the severities that fail."""
