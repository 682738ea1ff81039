"""The exit codes of the commands, and how a command says that it cannot go on."""

from __future__ import annotations

import sys
from typing import Final

CLEAN: Final = 0
FINDINGS: Final = 1
UNREADABLE: Final = 2
"""Also: no record, a wrong argument (argparse uses 2 too), a rule that crashed, or anything else
that nobody has thought of."""


def fail(message: str) -> int:
    """Print why a command cannot go on, and return its exit code."""
    print(f"tb-bnplugin: {message}", file=sys.stderr)
    return UNREADABLE
