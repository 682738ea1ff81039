"""Runs and models that belong together: those of one program, and those to compare.

A program writes several runs beside each other: Keras' TensorBoard callback one for training
and one for validation, the callback of this package a third.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final

from tb_bnplugin.history.model import ModelHistory, RunHistory

FOLDERS_OF_A_PROGRAM: Final = ("train", "validation", "batch_norm", "val", "eval", "test")
"""Folders into which one program's writers put their runs: `X/train` belongs to program `X`."""


def program_of(run: str) -> str:
    """The folder of the program that wrote a run; "." for the log folder itself."""
    last = posixpath.basename(run)
    return (posixpath.dirname(run) if last in FOLDERS_OF_A_PROGRAM else run) or "."


def runs_of_program(run: str) -> frozenset[str]:
    """Names of the runs that the program of this one may write, itself included."""
    program = program_of(run)
    base = "" if program == "." else program
    return frozenset((run, program, *(posixpath.join(base, name) for name in FOLDERS_OF_A_PROGRAM)))


def runs_to_compare(runs: Iterable[RunHistory]) -> Iterator[tuple[RunHistory, RunHistory]]:
    """Each program against the first one in the same parent folder.

    `a/train` and `b/train` are programs `a` and `b` of one folder, so that the number of pairs
    grows with the runs. Runs without a model, and two runs of one program, are not compared.
    """
    first: dict[str, RunHistory] = {}
    for run in runs:
        if not run.models:
            continue
        program = program_of(run.run)
        reference = first.setdefault(posixpath.dirname(program), run)
        if program_of(reference.run) != program:
            yield reference, run


def models_to_compare(
    run: RunHistory, other: RunHistory, model: str | None = None
) -> tuple[ModelHistory, ModelHistory]:
    """A model of each run; both runs have one at least.

    Args:
        run: the run from which the comparison is made.
        other: the run it is compared with.
        model: a model of `run`; None takes the first whose name is in both runs.

    Returns:
        The two models of the same name. Two programs rarely name their models alike: where the
        other run has no such model, its first one stands for it.
    """
    named = {history.facts.name: history for history in other.models}
    wanted = [history for history in run.models if model in {None, history.facts.name}]
    mine = next((history for history in wanted if history.facts.name in named), wanted[0])
    return mine, named.get(mine.facts.name, other.models[0])
