"""Runs one public program on one flavour, without and with tb_bnplugin, and prints what came of it.

`python -m benchmarks.public.run_program NAME FLAVOUR GIT_DIRECTORY FILE`: the result goes to FILE
as JSON. Each run is a process of its own, forked from this one, which has imported Keras and run
nothing.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import runpy
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from benchmarks.public.program import Program
from benchmarks.public.programs import PROGRAMS
from benchmarks.public.results import Found, Result
from benchmarks.public.sources import write_program
from benchmarks.public.watching import Watching

SEED = 7


def main(name: str, flavour: str, git: str, answer: str) -> None:
    """Runs the program both ways and writes the result."""
    program = PROGRAMS[name]
    keras = importlib.import_module(flavour)
    importlib.import_module("tb_bnplugin.callback")
    started = time.perf_counter()
    result = _compare(program, flavour, keras, Path(git))
    seconds = round(time.perf_counter() - started, 1)
    values = {**result, "seconds": seconds}
    Path(answer).write_text(json.dumps(values))


def _compare(program: Program, flavour: str, keras: Any, git: Path) -> dict[str, Any]:
    begin = Result(
        name=program.name,
        flavour=flavour,
        repository=program.repository,
        commit=program.commit,
        path=program.path,
    ).to_json()
    with tempfile.TemporaryDirectory() as folder:
        unwatched = _forked(program, keras, git, None)
        if unwatched["error"]:
            return {**begin, "without": unwatched["error"]}
        watched = _forked(program, keras, git, folder)
        equal = None if watched["error"] else _equal(program, keras, git, unwatched, watched)
        kept = {name: watched[name] for name in ("error", "told", "warnings")}
        checked = {} if watched["error"] else _check(folder)
        return {**begin, **kept, "equal": equal, **checked}


def _equal(program: Program, keras: Any, git: Path, unwatched: Any, watched: Any) -> bool | None:
    """Whether the weights are those of an unwatched run; None where such runs differ themselves.

    On a busy machine about one run in ten of some programs rounds differently, watched or not:
    before it is said that watching changed something, it must differ from three unwatched runs.
    """
    digests = {unwatched["digest"]}
    for _ in range(2):
        if watched["digest"] in digests:
            return True
        digests.add(_forked(program, keras, git, None)["digest"])
    if watched["digest"] in digests:
        return True
    return False if len(digests) == 1 else None


def _forked(program: Program, keras: Any, git: Path, log: str | None) -> dict[str, Any]:
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(program, keras, git, log, sending))
    child.start()
    sending.close()
    try:
        answer: dict[str, Any] = receiving.recv()
    except EOFError:
        child.join()
        answer = {"error": f"exit status {child.exitcode}", "told": [], "warnings": []}
    child.join()
    return answer


def _child(program: Program, keras: Any, git: Path, log: str | None, sending: Any) -> None:
    answer: dict[str, Any] = {"error": "", "told": [], "warnings": [], "digest": None}
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            watching = _run(program, keras, git, log)
            answer.update(digest=watching.digest(), told=sorted(watching.told))
        except BaseException:  # noqa: BLE001  # whatever it is, it is the result
            answer["error"] = _shortened(traceback.format_exc())
            traceback.print_exc()
    ours = [str(each.message) for each in heard if "tb_bnplugin" in str(each.message)]
    answer["warnings"] = list(dict.fromkeys(ours))
    sending.send(answer)
    sending.close()


def _run(program: Program, keras: Any, git: Path, log: str | None) -> Watching:
    import builtins

    import tensorflow as tf

    from benchmarks.public import made_up, stand_ins

    tf.config.threading.set_intra_op_parallelism_threads(1)
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    stand_ins.install(keras, program.rows)
    watching = Watching(keras, None if log is None else Path(log))
    watching.replace_fit()
    builtins._tb = watching  # type: ignore[attr-defined]
    builtins._made_up = made_up  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        file = write_program(program, git, Path(folder))
        os.chdir(folder)
        sys.path[:0] = [str(file.parent), folder]
        sys.argv = [file.name, *program.arguments]
        # Such code is old, and prints a lot: it is not what is tested.
        try:
            runpy.run_path(str(file), run_name="__main__")
        except SystemExit as ended:
            if ended.code:
                raise
        watching.finish()
        os.chdir("/")
    return watching


def _check(folder: str) -> dict[str, Any]:
    import tb_bnplugin
    from tb_bnplugin.errors import LogFolderError

    try:
        checked = tb_bnplugin.check(folder)
    except LogFolderError as error:
        return {"notes": [f"nothing to check: {str(error).replace(folder, 'the log')}"]}
    found = [
        Found(
            code=each.code,
            severity=str(each.severity),
            model=each.model,
            layers=len(each.layers),
            message=each.message,
        ).__dict__
        for each in checked.outcomes
        if each.status == "finding"
    ]
    crashed = [f"{each.code} crashed" for each in checked.outcomes if each.status == "crashed"]
    return {
        "found": found,
        "steps": max((run.steps[1] for run in checked if run.steps), default=0),
        "models": [f"{name} ({layers})" for run in checked for name, layers in run.models],
        "notes": [*checked.notes, *(note for run in checked for note in run.notes), *crashed],
    }


def _shortened(text: str) -> str:
    return text[-3000:]


if __name__ == "__main__":
    main(*sys.argv[1:5])
