"""All programs on both flavours, some processes at a time."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.findings.results import FLAVOURS
from benchmarks.findings.runner import PROCESSES, read_flavours, run_apart
from benchmarks.fixes.results import Result

HERE = Path(__file__).resolve().parent / "programs"


def programs(names: Sequence[str] = ()) -> list[str]:
    """The programs, such as "bn101_loop"; all, or those asked for by name or by rule.

    Raises:
        ValueError: there is no program of a name.
    """
    known = sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))
    chosen: list[str] = []
    for name in names:
        wanted = name.lower()
        matching = [each for each in known if wanted in (each, each.split("_")[0])]
        if not matching:
            raise ValueError(f"no program {name!r}; there are {', '.join(known)}")
        chosen += [each for each in matching if each not in chosen]
    return chosen if names else known


def run_all(
    chosen: Sequence[str],
    flavours: Sequence[str] = FLAVOURS,
    processes: int = PROCESSES,
    done: Container[tuple[str, str]] = (),
) -> Iterator[Result]:
    """The results of programs in the order given, on each flavour with the fault, not yet done."""
    jobs = [
        (program, flavour)
        for program in chosen
        for flavour in flavours
        if flavour in read_flavours(HERE / f"{program}.py") and (program, flavour) not in done
    ]
    with ThreadPoolExecutor(max_workers=processes) as pool:
        yield from pool.map(lambda job: run_one(*job), jobs)


def run_one(program: str, flavour: str) -> Result:
    """What one program on one flavour gives, in a process of its own."""
    answer, error = run_apart("benchmarks.fixes.run_program", program, flavour)
    if answer is None:
        return Result(name=program, flavour=flavour, error=error)
    return Result.from_json(answer)
