"""All programs on both flavours, two processes at a time."""

from __future__ import annotations

import ast
import functools
import multiprocessing
import os
import tempfile
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

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
    source = (HERE / f"{program}.py").read_text(encoding="utf-8")
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "FLAVOURS" for target in statement.targets
        ):
            named: tuple[str, ...] = ast.literal_eval(statement.value)
            return named
    return FLAVOURS


def run_one(program: str, flavour: str) -> Result:
    """What one program on one flavour gives, in a process of its own.

    The processes are forked from one that has imported TensorFlow and both Keras, and run nothing:
    an import takes longer than most programs.
    """
    kind, _, name = program.partition("/")
    begin = Result(kind=kind, name=name, flavour=flavour)
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8", errors="replace") as heard:
        receiving, sending = _server().Pipe(duplex=False)
        child = _server().Process(target=_run_child, args=(program, flavour, sending, heard.name))
        child.start()
        sending.close()
        try:
            if not receiving.poll(SECONDS):
                return _died(begin, f"still running after {SECONDS} s")
            return Result.from_json(receiving.recv())
        except EOFError:  # it ended without an answer
            child.join()
            return _died(begin, f"exit status {child.exitcode}\n{heard.read()[-2000:]}")
        finally:
            child.kill()
            child.join()


def _run_child(program: str, flavour: str, sending: Connection, heard: str) -> None:
    """Runs in the process of its own; what the program prints goes to a file."""
    from benchmarks.findings.run_program import main

    with Path(heard).open("w") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    sending.send(main(program, flavour).to_json())


@functools.cache
def _server() -> ForkServerContext:
    os.environ.update(_environment())
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    os.chdir(ROOT)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _died(begin: Result, error: str) -> Result:
    return Result(kind=begin.kind, name=begin.name, flavour=begin.flavour, error=error)


def _environment() -> dict[str, str]:
    return {
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "KERAS_HOME": str(ROOT / ".cache" / "keras"),  # not the settings of who runs this
    }
