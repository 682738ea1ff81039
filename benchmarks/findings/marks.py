"""The line of a program that is wrong, as the program marks it: `# the fault: BN101`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_MARK = re.compile(r"# the fault: ([A-Z]+\d+(?:, [A-Z]+\d+)*)$")


def marked_lines(program: Path) -> dict[str, list[str]]:
    """By code, the marked lines of a program as "FILE:LINE", FILE relative to the root.

    A mark with no statement before it is of the line that follows.
    """
    marks: dict[str, list[str]] = {}
    for number, line in enumerate(program.read_text().splitlines(), start=1):
        mark = _MARK.search(line)
        if mark is None:
            continue
        at = number if line[: mark.start()].strip() else number + 1
        for code in mark[1].split(", "):
            file = "/".join(program.parts[-4:])
            marks.setdefault(code, []).append(f"{file}:{at}")
    return marks


def marked_codes(marks: Mapping[str, Iterable[str]], found: Iterable[str]) -> tuple[str, ...]:
    """The codes found whose line the program marks, sorted: those that have a place to be right."""
    return tuple(sorted(set(marks) & set(found)))


def misplaced(
    marks: Mapping[str, Iterable[str]], places: Iterable[tuple[str, str]]
) -> tuple[str, ...]:
    """The findings whose place is not that of the mark: "BN101 at FILE:LINE", or "BN101 nowhere".

    Args:
        marks: by code, the lines that are right.
        places: code and place of each finding, "" where it has none.
    """
    return tuple(
        f"{code} {f'at {place}' if place else 'nowhere'}"
        for code, place in dict.fromkeys(places)
        if code in marks and place not in marks[code]
    )
