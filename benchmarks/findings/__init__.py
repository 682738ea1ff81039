"""How much of what goes wrong with batch normalization and losses is found, and how often wrongly.

Each program in `faulty/` and `healthy/` is written as a user writes it, after a real report or a
published example, and proves with its own numbers that it is faulty or trains well.
"""

from __future__ import annotations

from benchmarks.findings.figures import run as run
