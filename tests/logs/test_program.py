from __future__ import annotations

from dataclasses import replace

import pytest

from tb_bnplugin.history.model import RunHistory
from tb_bnplugin.logs.program import (
    models_to_compare,
    program_of,
    runs_of_program,
    runs_to_compare,
)
from tests.support.histories import create_history


def run_of(name: str, *models: str) -> RunHistory:
    histories = (create_history(run=name, facts={"name": model}) for model in models)
    return RunHistory(run=name, models=tuple(histories))


@pytest.mark.parametrize(
    ("run", "beside"),
    [
        ("train", {"train", "validation", "batch_norm", "."}),
        (".", {".", "train", "validation"}),
        ("a/train", {"a", "a/train", "a/validation"}),
        ("a/batch_norm", {"a", "a/train", "a/validation", "a/batch_norm"}),
        ("a", {"a", "a/train", "a/validation"}),
    ],
)
def test_runs_of_one_program_lie_beside_each_other(run: str, beside: set[str]) -> None:
    assert beside <= runs_of_program(run)
    assert {program_of(name) for name in beside} == {program_of(run)}


def test_runs_of_another_program_do_not_belong() -> None:
    assert not {"b", "b/train", "train"} & runs_of_program("a/train")


def test_programs_are_compared_with_the_first_of_their_folder() -> None:
    names = ("a/train", "b/train", "b/val", "c", "other/d/train", "other/e/batch_norm", "train")
    pairs = runs_to_compare(run_of(name, "model") for name in names)
    assert [(run.run, other.run) for run, other in pairs] == [
        ("a/train", "b/train"),
        ("a/train", "b/val"),
        ("a/train", "c"),
        ("other/d/train", "other/e/batch_norm"),
        ("a/train", "train"),
    ]


def test_runs_of_one_program_are_not_compared() -> None:
    runs = (run_of(name, "model") for name in ("a/batch_norm", "a/train", "a/validation"))
    assert not list(runs_to_compare(runs))


def test_run_without_a_model_is_not_compared() -> None:
    assert not list(runs_to_compare([run_of("a"), run_of("b", "model")]))


@pytest.mark.parametrize(
    ("model", "others", "pair"),
    [
        (None, ("y", "x"), ("x", "x")),
        (None, ("z", "y"), ("y", "y")),
        (None, ("z", "w"), ("x", "z")),
        ("y", ("x", "y"), ("y", "y")),
        ("y", ("x", "z"), ("y", "x")),
    ],
)
def test_models_of_the_same_name_are_compared_else_the_first(
    model: str | None, others: tuple[str, ...], pair: tuple[str, str]
) -> None:
    mine, theirs = models_to_compare(run_of("a", "x", "y"), run_of("b", *others), model)
    assert (mine.run, theirs.run) == ("a", "b")
    assert (mine.facts.name, theirs.facts.name) == pair


def test_a_model_keeps_its_records_when_it_is_chosen() -> None:
    run = run_of("a", "x")
    other = replace(run, run="b")
    assert models_to_compare(run, other) == (run.models[0], other.models[0])
