"""The group "fixes" of `make bench`: what of the printed fixes does not cure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure
from benchmarks.fixes import table
from benchmarks.fixes.results import Result
from benchmarks.fixes.runner import programs, run_all


def run(names: Sequence[str] = ()) -> Iterator[Figure]:
    """The figures; each program's line is printed as it ends."""
    results: list[Result] = []
    for result in run_all(programs(names)):
        results.append(result)
        print(f"    {table.line(result)}", flush=True)
    yield from figures_of(results, every=not names)


def figures_of(results: Sequence[Result], *, every: bool = True) -> Iterator[Figure]:
    """The counts of what does not hold, all of which must be 0."""
    cures = [(result, cure) for result in results for cure in result.cures]
    yield _count("programs that died", [_name(each) for each in results if each.error])
    yield _count(
        "faults that were not there, or not found",
        [_name(each) for each in results if not each.error and not each.found],
        f"{len(results)} programs, each on a flavour",
    )
    yield _count(
        "fixes that are not what the cured lines say",
        [_name(each) for each in results if not each.as_printed],
    )
    yield _count(
        "cures after which the finding stays",
        [f"{_name(each)} {cure.name}" for each, cure in cures if not (cure.gone or each.stays)],
        f"{len(cures)} cures",
    )
    yield _count(
        "cures with a new error or warning",
        [f"{_name(each)} {cure.name}" for each, cure in cures if cure.new],
    )
    yield _count(
        "cures that do not heal the program",
        [f"{_name(each)} {cure.name}" for each, cure in cures if not cure.healed],
    )
    yield _count("code with a role, in no printed fix", table.unprinted(results))
    if every:
        yield _count("rules without a program", table.rules_without(results))


def _name(result: Result) -> str:
    return f"{result.name} {result.flavour}"


def _count(name: str, entries: Sequence[str], note: str = "") -> Figure:
    text = ", ".join(entries) or note
    return Figure(name=name, value=len(entries), limit=0, unit="", note=text)
