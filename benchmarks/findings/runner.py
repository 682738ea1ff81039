"""All programs on both flavours, two processes at a time."""

from __future__ import annotations

import ast
import functools
import importlib
import multiprocessing
import os
import tempfile
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from benchmarks.findings.results import FLAVOURS, KINDS, Result

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

PROCESSES = 2
SECONDS = 600  # for one program, on a busy machine

PRELOADED = ["tensorflow", "keras", "tf_keras", "tb_bnplugin.callback", "sklearn.datasets"]
PRELOADED += ["sklearn.model_selection", "benchmarks.findings.run_program"]


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
    chosen: Sequence[str],
    flavours: Sequence[str] = FLAVOURS,
    processes: int = PROCESSES,
    done: Container[tuple[str, str]] = (),
) -> Iterator[Result]:
    """The results of programs in the order given, each on every flavour, but for those done."""
    jobs = [
        (program, flavour)
        for program in chosen
        for flavour in flavours
        if flavour in flavours_of(program) and (program, flavour) not in done
    ]
    with ThreadPoolExecutor(max_workers=processes) as pool:
        yield from pool.map(lambda job: run_one(*job), jobs)


def flavours_of(program: str) -> tuple[str, ...]:
    """The flavours that a program exists on: its constant FLAVOURS, read without running it."""
    return read_flavours(HERE / f"{program}.py")


def read_flavours(file: Path) -> tuple[str, ...]:
    """The constant FLAVOURS of a program's file; both, where it has none."""
    source = file.read_text(encoding="utf-8")
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
    answer, error = run_apart("benchmarks.findings.run_program", program, flavour)
    if answer is None:
        return Result(kind=kind, name=name, flavour=flavour, error=error)
    return Result.from_json(answer)


def run_apart(module: str, program: str, flavour: str) -> tuple[dict[str, Any] | None, str]:
    """The result, as JSON values, of a module's `main` in a process of its own; else the error.

    The processes are forked from one that has imported TensorFlow and both Keras, and run nothing:
    an import takes longer than most programs.
    """
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8", errors="replace") as heard:
        receiving, sending = _server().Pipe(duplex=False)
        arguments = (module, program, flavour, sending, heard.name)
        child = _server().Process(target=_run_child, args=arguments)
        child.start()
        sending.close()
        try:
            if not receiving.poll(SECONDS):
                return None, f"still running after {SECONDS} s"
            return receiving.recv(), ""
        except EOFError:  # it ended without an answer
            child.join()
            return None, f"exit status {child.exitcode}\n{heard.read()[-2000:]}"
        finally:
            child.kill()
            child.join()


def _run_child(module: str, program: str, flavour: str, sending: Connection, heard: str) -> None:
    """Runs in the process of its own; what the program prints goes to a file."""
    with Path(heard).open("w") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    sending.send(importlib.import_module(module).main(program, flavour).to_json())


@functools.cache
def _server() -> ForkServerContext:
    os.environ.update(_environment())
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    os.chdir(ROOT)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _environment() -> dict[str, str]:
    return {
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(ROOT / ".cache" / "keras"),  # not the settings of who runs this
    }
