"""What two runs do differently, as one sentence: never more than was compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.dashboard.payload.comparison import Side, comparison
from tb_bnplugin.dashboard.payload.values import Json
from tb_bnplugin.diagnose import diagnose
from tb_bnplugin.history.model import ModelHistory
from tests.dashboard.validate import validate
from tests.support.histories import LAYER, create_history, create_loss, inference_columns


def run(
    name: str, *, factor: float = 1.0, rate: Any = 0.01, optimizer: Any = "SGD", **given: Any
) -> ModelHistory:
    """A run whose loss is `factor` times Keras' mean of 0.5."""
    known = rate if isinstance(rate, float) else np.nan
    loss = create_loss("own", measured=0.5 * factor, learning_rate=known)
    model = {"learning_rate": rate}
    facts = {"optimizer": optimizer}
    return create_history(run=name, losses=[loss], model=model, facts=facts, **given)


def compared(here: ModelHistory, there: ModelHistory) -> Json:
    answer = comparison(*(Side(model=each, outcomes=diagnose(each)) for each in (here, there)))
    validate(answer, "Comparison")
    return answer


def first(here: ModelHistory, there: ModelHistory) -> str:
    said: str = compared(here, there)["sentence"]
    return said


STEPS = {
    "a loss ten times as large": (
        run("a"),
        run("b", factor=10.0),
        (
            "'b' trains with 10 times the step of 'a' (for equal predictions the loss of 'b'"
            " is 10 times as large, learning rate 0.01 in both)."
        ),
    ),
    "a learning rate ten times as large": (
        run("a"),
        run("b", rate=0.1),
        (
            "'b' trains with 10 times the step of 'a' (losses of the same scale, learning rates 0.1"
            " and 0.01)."
        ),
    ),
    "both": (
        run("a", factor=10.0, rate=0.1),
        run("b", rate=0.05),
        (
            "'a' trains with 20 times the step of 'b' (for equal predictions the loss of 'a'"
            " is 10 times as large, learning rates 0.1 and 0.05)."
        ),
    ),
    "learning rates under Adam": (
        run("a", optimizer="Adam"),
        run("b", optimizer="Adam", rate=0.1),
        "'b' trains with 10 times the learning rate of 'a' (learning rates 0.1 and 0.01).",
    ),
    "optimizers": (
        run("a", optimizer="Adam"),
        run("b"),
        "'a' trains with Adam and 'b' with SGD.",
    ),
}


@pytest.mark.parametrize("case", STEPS)
def test_the_steps_come_first(case: str) -> None:
    here, there, words = STEPS[case]
    assert first(here, there).startswith(words)
    assert first(there, here).startswith(words) == ("with Adam and" not in words)


def test_a_factor_that_adam_divides_out_is_no_factor_of_the_step() -> None:
    said = first(run("a", optimizer="Adam"), run("b", optimizer="Adam", factor=10.0))
    assert "which Adam divides out" in said
    assert "the step of" not in said


def test_rates_that_make_up_for_the_loss_are_the_same_step() -> None:
    answer = compared(run("a", factor=10.0), run("b", rate=0.1))
    assert "the size of the steps" in answer["same"]
    assert "times the step" not in answer["sentence"]


@pytest.mark.parametrize(
    ("here", "there", "part"),
    [
        (run("a", rate=np.linspace(0.1, 0.01, 50)), run("b"), "the learning rates, of which one"),
        (run("a", optimizer=None), run("b"), "the optimizers, of which one is not known"),
        (create_history(run="a"), create_history(run="b"), "the scale of the loss: Run 'a': No"),
        (create_history(layers=0), run("b"), "the modes of the layers: Run 'train': The model"),
    ],
)
def test_what_is_not_known_is_not_compared(
    here: ModelHistory, there: ModelHistory, part: str
) -> None:
    answer = compared(here, there)
    assert [each for each in answer["not_compared"] if each.startswith(part)]
    name = part.partition(",")[0].partition(":")[0]
    assert name not in " ".join([*answer["same"], answer["sentence"]])


def test_where_nothing_differs_it_says_what_was_compared() -> None:
    answer = compared(run("a"), run("b"))
    begin = (
        "Nothing that was compared differs: the optimizer (SGD), the size of the steps, the modes"
        " of the layers, the names of 3 layers and that none of "
    )
    assert answer["sentence"].startswith(begin)
    assert answer["same"] == []


def test_what_both_runs_found_is_told_from_nothing() -> None:
    stuck = {**inference_columns(), "moving_mean": 0.0, "moving_variance": 1.0}
    answer = compared(run("a", columns=stuck), run("b", columns=stuck))
    assert "rules found something" in answer["sentence"]
    assert "none of" not in answer["sentence"]


def test_modes_are_told_in_the_words_of_the_rule() -> None:
    stuck = run("b", columns={**inference_columns(), "moving_mean": 0.0, "moving_variance": 1.0})
    answer = compared(run("a"), stuck)
    assert (
        "In training, 3 layers ran in training mode in 'a' and in inference mode in 'b'."
        in answer["sentence"]
    )
    assert "Found only in 'b': BN101 never-updated" in answer["sentence"]
    assert "the size of the steps" in answer["same"]


def test_layers_that_pair_in_their_order_are_not_told_to_have_the_same_names() -> None:
    def named(*paths: str) -> ModelHistory:
        layers = tuple(replace(LAYER, path=path) for path in paths)
        history = run(paths[0], layers=2)
        return replace(history, facts=replace(history.facts, layers=layers))

    same = first(named("a", "b"), named("c", "d"))
    assert "the sizes of 2 layers, paired in their order" in same
    other = first(named("a", "b"), named("a", "c"))
    assert "1 layer is only in 'a'." in other
    assert "names of" not in other


def test_a_finding_that_the_other_run_could_not_have_is_not_told_as_a_difference() -> None:
    found = diagnose(run("a", columns=inference_columns()))
    unjudged = [
        replace(each, status="not_checked", reason="no evidence", fact=False) for each in found
    ]
    sides = (Side(model=run("a"), outcomes=found), Side(model=run("b"), outcomes=unjudged))
    answer = comparison(*sides)
    assert "Found only" not in answer["sentence"]
    assert any(part.endswith("not checked in 'b'") for part in answer["not_compared"])


def test_a_long_name_does_not_push_the_sentence_away() -> None:
    said = first(run("a" * 500), run("b", rate=0.1))
    assert len(said) < 400
