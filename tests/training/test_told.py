"""The lines that are told: of a finding, of the start of a training and of its end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.diagnose.outcome import Place
from tb_bnplugin.history.model import Line
from tb_bnplugin.schema.facts import Sharing
from tb_bnplugin.training.told import (
    LONGEST_LINE,
    ended_line,
    finding_lines,
    has_trained,
    watched_line,
)
from tests.support.histories import create_history

PLACE = Place(at=Line(file="train.py", line=42, function="step", text="    y = model(x)"))


def outcome(code: str = "BN101", status: Any = "finding", **changed: Any) -> Outcome:
    values: dict[str, Any] = {
        "code": code,
        "name": "never-updated",
        "status": status,
        "severity": "error",
        "model": "model",
        "layers": ("a", "b"),
        "steps": (3, 9),
        "message": "Two layers\nran.",
        "fix": "Do this.",
    }
    return Outcome(**{**values, **changed})


def test_a_finding_begins_with_its_place_and_ends_with_the_line_of_the_program() -> None:
    assert finding_lines(outcome(place=PLACE)) == (
        "train.py:42: error BN101 never-updated in 'model' (2 layers, since step 3): Two layers"
        " ran.\n    y = model(x)"
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {},
            "tb_bnplugin: error BN101 never-updated in 'model' (2 layers, since step 3): Two",
        ),
        ({"layers": ("only",)}, "in 'model' (layer only, since step 3): "),
        ({"layers": (), "steps": None}, "in 'model': Two layers ran."),
    ],
)
def test_what_is_known_is_named(changed: dict[str, Any], text: str) -> None:
    line = finding_lines(outcome(**changed))
    assert text in line
    assert "\n" not in line


def test_a_sentence_without_room_behind_the_names_stands_whole_below_them() -> None:
    begin = "1 of 2 layers made the model do worse with moving statistics than with those of the"
    point = "batch: the moving variance is 1.69e-05 times that of the held batch."
    told = outcome(place=PLACE, message=f"{begin} {point} On the held batch it is 0.246.")
    first, line, *below = finding_lines(told).split("\n")
    assert first == "train.py:42: error BN101 never-updated in 'model' (2 layers, since step 3)"
    assert line == "    y = model(x)"
    assert " ".join(text.strip() for text in below) == f"{begin} {point}"


BEGIN = "tb_bnplugin watches 'model': 3 batch normalization layers, "


@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize(
    "changed",
    [
        {"message": "word " * 200},
        {"model": "m" * 300, "layers": ("l" * 300,), "message": "x" * 300},
        {"place": Place(at=Line(file="f" * 125, line=7, function="g", text="t" * 400))},
        {"message": "\x1b[31m\n" * 60},
    ],
    ids=["message", "names", "place", "controls"],
)
def test_each_line_is_short_and_the_place_whole(changed: dict[str, Any], *, stops: bool) -> None:
    told = outcome(**changed)
    lines = finding_lines(told, stops=stops).split("\n")
    assert max(map(len, lines)) <= LONGEST_LINE
    assert lines[0].startswith(f"{told.place or 'tb_bnplugin'}: error BN101 never-updated")
    assert (lines[-1] == "    Training stops here.") is stops
    assert "\x1b" not in lines[0]


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({}, "3 in training mode"),
        (
            {
                "training_tape": np.outer(np.arange(1, 51), [1, 0, 0]),
                "inference_tape": np.outer(np.arange(1, 51), [0, 1, 1]),
                "trainable": np.outer(np.ones(50), [1, 0, 0]),
            },
            "1 in training mode, 2 in inference mode (trainable=False)",
        ),
        (
            {
                "training_tape": np.outer(np.arange(1, 51), [0, 0, 1]),
                "inference_tape": np.outer(np.arange(1, 51), [1, 1, 1]),
                "trainable": np.outer(np.ones(50), [1, 0, 1]),
            },
            "2 in inference mode (1 with trainable=False), 1 in both modes",
        ),
        ({"training_tape": 0.0}, "3 not called yet"),
        # what ran before this step does not count, nor does an evaluation
        (
            {"training_tape": 7.0, "inference_no_tape": np.arange(50.0)},
            "3 in inference mode",
        ),
        (
            {"training_tape": np.arange(50.0), "inference_evaluate": np.arange(50.0)},
            "3 in training mode",
        ),
    ],
)
def test_the_start_tells_the_modes_of_the_step(columns: dict[str, Any], text: str) -> None:
    assert watched_line(create_history(columns=columns)) == BEGIN + text


def test_the_start_does_not_tell_what_an_earlier_watch_counted() -> None:
    history = create_history(
        columns={"training_tape": 400.0, "inference_no_tape": 1.0},
        layer_facts={"sharing": Sharing(ran_before=(400.0, *(0.0 for _ in range(9))))},
        steps=[1],
    )
    assert watched_line(history) == f"{BEGIN}3 in inference mode"


def test_the_start_tells_of_a_model_without_such_layers() -> None:
    line = watched_line(create_history(layers=0))
    assert line == "tb_bnplugin watches 'model': no batch normalization layer"


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ([outcome("BN1", "ok"), outcome("BN2", "ok")], "no finding in 2 rules"),
        (
            [outcome("BN1", "ok"), outcome("BN2", "not_checked"), outcome("BN1", "not_checked")],
            "no finding in 1 rule; 1 not checked",
        ),
        (
            [
                outcome("BN1", "ok"),
                outcome("BN2", "not_checked", reason="No probe was recorded. Give one."),
                outcome("LR1", "not_checked", reason="No loss was measured."),
                outcome("LR2", "not_checked", reason="Another."),
            ],
            "no finding in 1 rule; 3 not checked, 2 for want of a held batch or a loss",
        ),
        ([outcome("BN1", expected=True)], "no finding in 1 rule"),
        (
            [
                outcome("BN203", severity="warning", name="few-values"),
                outcome(),
                outcome(model="other"),
                outcome("LR1", "not_checked"),
            ],
            "2 errors, 1 warning: BN101 never-updated, BN203 few-values; 1 not checked",
        ),
        (
            [outcome(f"BN{number}", severity="info", name="n") for number in range(6)],
            "6 info: BN0 n, BN1 n, BN2 n, BN3 n, 2 more",
        ),
    ],
)
def test_the_end_sums_up(outcomes: list[Outcome], text: str) -> None:
    assert ended_line(outcomes) == f"tb_bnplugin: {text}"


def test_the_end_names_a_model_where_there_may_be_several() -> None:
    assert ended_line([outcome("BN1", "ok")], "critic") == (
        "tb_bnplugin: 'critic': no finding in 1 rule"
    )


def test_the_sums_are_one_short_line_each() -> None:
    name = "layers-of-a-name-that-is-longer-than-most"
    found = [
        outcome(f"BN{at}", severity=s, name=name) for at, s in enumerate(["error", "info"] * 4)
    ]
    end = ended_line([*found, outcome("LR1", "not_checked")], "m" * 300)
    assert len(end) <= LONGEST_LINE
    assert "4 errors, 4 info: BN0 layers-of" in end
    assert end.endswith(" more; 1 not checked")
    modes = np.outer(np.arange(1, 51), [1, 0, 1, 0])
    columns = {"training_tape": modes, "inference_tape": modes[:, [1, 0, 2, 3]]}
    columns["trainable"] = np.outer(np.ones(50), [1, 0, 1, 1])
    assert len(watched_line(create_history(layers=4, columns=columns))) <= LONGEST_LINE


@pytest.mark.parametrize(
    ("columns", "trained"),
    [
        ({}, True),
        ({"training_tape": 0.0}, False),
        ({"training_tape": 0.0, "inference_no_tape": np.arange(50.0)}, False),
        ({"training_tape": 0.0, "inference_tape": np.arange(50.0)}, True),
        ({"training_tape": 0.0, "inference_unknown": np.arange(50.0)}, True),
        ({"training_tape": 0.0, "training_evaluate": np.arange(50.0)}, False),
        ({"training_tape": 0.0, "training_no_tape": np.arange(50.0)}, True),
    ],
)
def test_whether_a_loop_has_trained(columns: dict[str, Any], *, trained: bool) -> None:
    assert has_trained(create_history(columns=columns)) is trained


def test_what_an_earlier_watch_counted_is_no_training_of_this_one() -> None:
    history = create_history(
        columns={"training_tape": 400.0},
        layer_facts={"sharing": Sharing(ran_before=(400.0, *(0.0 for _ in range(9))))},
        steps=[1],
    )
    assert not has_trained(history)


def test_a_model_without_such_layers_may_have_trained() -> None:
    assert has_trained(create_history(layers=0))
