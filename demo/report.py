"""What the demo prints: the table or curve of each account, and the findings beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tb_bnplugin

WIDTH = 96


def print_epochs(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Loss, accuracy and validation accuracy of each run, epoch by epoch."""
    for name, rows in runs.items():
        print(f"\n  {name}")
        print("    epoch    loss  accuracy  validation accuracy                    BN201 layers")
        for row in rows:
            bar = "#" * round(30 * row["val_accuracy"])
            print(
                f"    {row['epoch']:5.0f}  {row['loss']:6.3f}  {row['accuracy']:8.3f}"
                f"  {row['val_accuracy']:6.3f}  {bar:30s}  {row['start_dominates'] or '-':>4}"
            )


def print_table(rows: Mapping[str, Mapping[str, float]]) -> None:
    """Final loss and accuracy of each program."""
    print("\n  program                             loss  validation accuracy")
    for name, row in rows.items():
        bar = "#" * round(30 * row["accuracy"])
        print(f"  {name:32s}  {row['loss']:6.4f}  {row['accuracy']:6.3f}  {bar}")


def print_rows(rows: Mapping[str, Mapping[str, str]]) -> None:
    """A table of what each program measured, under the names of its columns."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    widths = [max(len(column), 8) for column in columns]
    first = max(len(name) for name in rows)

    def print_line(name: str, cells: Sequence[str]) -> None:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        print(f"  {name:{first}s}  {'  '.join(padded)}")

    print()
    print_line("", columns)
    for name, row in rows.items():
        print_line(name, [row.get(column, "-") for column in columns])


def print_findings(log_dir: Path) -> dict[str, list[Mapping[str, Any]]]:
    """The findings of every run below `log_dir`; returns them by run, comparisons under ""."""
    report = tb_bnplugin.check(str(log_dir)).to_json()
    found: dict[str, list[Mapping[str, Any]]] = {}
    for run in report["runs"]:
        found[run["run"]] = [
            outcome for outcome in run["outcomes"] if outcome["status"] == "finding"
        ]
    found[""] = [out for out in report["comparisons"] if out["status"] == "finding"]
    for name, outcomes in found.items():
        print(f"\n  {name or 'compared with each other'}")
        if not outcomes:
            print("    nothing found")
        for outcome in outcomes:
            layers = len(outcome["layers"])
            where = f", {layers} layer{'s' if layers > 1 else ''}" if layers else ""
            runs = " / ".join(outcome.get("runs", ()))
            head = f"{outcome['severity']} {outcome['code']} {outcome['name']}{where} {runs}"
            print(f"    {head.rstrip()}")
            for text in (outcome["message"], f"Fix: {outcome['fix']}"):
                for line in text.splitlines():
                    print(textwrap.indent(textwrap.fill(line, WIDTH - 6), "      "))
    return found
