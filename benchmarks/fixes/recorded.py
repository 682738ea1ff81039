"""What a program has recorded by now."""

from __future__ import annotations

import re

from benchmarks.fixes.bench import FixBench


def training_executions(bench: FixBench) -> float:
    """Executions in training mode of the first layer of the first model, by the ledger."""
    for source in bench.sources:
        ran = re.search(r"ran: .*?training tape (\d+)", source.ledger())
        if ran:
            return float(ran[1])
    return 0.0


def updates_as_printed(bench: FixBench) -> int:
    """How many more updates the printed fix asks for: "Train for about 120 more updates"."""
    asked = re.search(r"about ([\d,]+) more update", bench.printed.fix)
    return int(asked[1].replace(",", "")) if asked else 0
