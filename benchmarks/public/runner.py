"""All programs on their flavours, one process at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from benchmarks.public.program import FLAVOURS, Program
from benchmarks.public.programs import PROGRAMS
from benchmarks.public.results import Result
from benchmarks.public.sources import SourceError, git_directory

ROOT = Path(__file__).resolve().parent.parent.parent
CLONES = ROOT / ".cache" / "public"
SECONDS = 1800  # for one program on one flavour, on a busy machine


def chosen(names: Sequence[str]) -> list[Program]:
    """The programs asked for by name or repository, or all.

    Raises:
        ValueError: there is no program of a name.
    """
    if not names:
        return list(PROGRAMS.values())
    found: list[Program] = []
    for name in names:
        matching = [each for each in PROGRAMS.values() if name in (each.name, each.repository)]
        if not matching:
            raise ValueError(f"no program {name!r}; there are {', '.join(PROGRAMS)}")
        found += [each for each in matching if each not in found]
    return found


def run_all(
    programs: Sequence[Program],
    mirror: Path | None,
    flavours: Sequence[str] = FLAVOURS,
    done: Container[tuple[str, str]] = (),
    *,
    shown: bool = False,
) -> Iterator[Result]:
    """The results, program by program; `shown` prints what they print."""
    for program in programs:
        for flavour in flavours:
            if flavour in program.flavours and (program.name, flavour) not in done:
                yield run_one(program, flavour, mirror, shown=shown)


def run_one(program: Program, flavour: str, mirror: Path | None, *, shown: bool = False) -> Result:
    """What one program on one flavour gives."""
    begin = Result(
        name=program.name,
        flavour=flavour,
        repository=program.repository,
        commit=program.commit,
        path=program.path,
    ).to_json()
    try:
        git = git_directory(program.repository, mirror, CLONES).resolve()
    except SourceError as error:
        return Result.from_json({**begin, "without": str(error)})
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "benchmarks.public.run_program"]
        process = subprocess.Popen(
            [*command, program.name, flavour, str(git), str(answer)],
            cwd=ROOT,
            env=_environment(flavour),
            stdout=None if shown else subprocess.DEVNULL,
            stderr=None if shown else subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            return Result.from_json({**begin, "error": f"still running after {SECONDS} s"})
        finally:
            if process.poll() is None:  # with the process that it forked
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if not answer.exists():
            return Result.from_json({**begin, "error": f"exit status {process.returncode}"})
        return Result.from_json(json.loads(answer.read_text()))


def _environment(flavour: str) -> dict[str, str]:
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(ROOT / ".cache" / "keras"),
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
    }
    environment.pop("TF_USE_LEGACY_KERAS", None)
    if flavour == "tf_keras":
        environment["TF_USE_LEGACY_KERAS"] = "1"
    return environment
