"""All programs on both flavours, two processes at a time."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.findings.results import FLAVOURS, KINDS, Result

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

PROCESSES = 2
SECONDS = 240  # for one program, imports of TensorFlow included


def programs(names: Sequence[str] = ()) -> list[str]:
    """The programs, such as "faulty/loop_without_training"; those asked for, or all.

    Raises:
        ValueError: there is no program of a name.
    """
    known = [
        f"{kind}/{file.stem}"
        for kind in KINDS
        for file in sorted((HERE / kind).glob("*.py"))
        if not file.stem.startswith("_")
    ]
    chosen: list[str] = []
    for name in names:
        matching = [each for each in known if name in (each, *each.split("/"))]
        if not matching:
            raise ValueError(f"no program {name!r}; there are {', '.join(known)}")
        chosen += [each for each in matching if each not in chosen]
    return chosen if names else known


def run_all(
    chosen: Sequence[str], flavours: Sequence[str] = FLAVOURS, processes: int = PROCESSES
) -> Iterator[Result]:
    """The results of programs in the order given, each on every flavour."""
    jobs = [
        (program, flavour)
        for program in chosen
        for flavour in flavours
        if flavour in flavours_of(program)
    ]
    with ThreadPoolExecutor(max_workers=processes) as pool:
        yield from pool.map(lambda job: run_one(*job), jobs)


def flavours_of(program: str) -> tuple[str, ...]:
    """The flavours that a program exists on: its constant FLAVOURS, read without running it."""
    source = (HERE / f"{program}.py").read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "FLAVOURS" for target in statement.targets
        ):
            named: tuple[str, ...] = ast.literal_eval(statement.value)
            return named
    return FLAVOURS


def run_one(program: str, flavour: str) -> Result:
    """What one program on one flavour gives, in a process of its own."""
    kind, _, name = program.partition("/")
    begin = Result(kind=kind, name=name, flavour=flavour)
    command = [sys.executable, "-m", "benchmarks.findings.run_program", program, flavour]
    try:
        child = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _died(begin, f"still running after {SECONDS} s")
    lines = child.stdout.strip().splitlines()
    if child.returncode or not lines:
        return _died(begin, f"exit status {child.returncode}\n{child.stderr[-2000:]}")
    return Result.from_json(json.loads(lines[-1]))


def _died(begin: Result, error: str) -> Result:
    return Result(kind=begin.kind, name=begin.name, flavour=begin.flavour, error=error)


def _environment() -> dict[str, str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment["KERAS_BACKEND"] = "tensorflow"
    environment["KERAS_HOME"] = str(ROOT / ".cache" / "keras")  # not the settings of who runs this
    environment.pop("TF_USE_LEGACY_KERAS", None)
    return environment
