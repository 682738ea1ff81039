"""A fix names the functions that the program uses: those of `tf`, or of `keras.ops`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tb_bnplugin.diagnose.own_words import in_own_words
from tb_bnplugin.history.model import ModelHistory
from tb_bnplugin.schema.places import Line, Statement
from tests.support.histories import PHASE, create_history, create_loss
from tests.support.judging import judge


def line(text: str, **beside: Any) -> Line:
    return Line(file="train.py", line=7, function="loss", text=text, **beside)


def summed(at: Line | None, *others: str, **facts: Any) -> ModelHistory:
    """A loss that sums over outputs, at a line of the program, and other lines that were read."""
    loss = create_loss(measured=5.0, static={"line": at})
    assert loss.facts is not None
    statements = tuple(Statement(kind="other", value="", line=line(text)) for text in others)
    phase = replace(PHASE, measured_losses=(loss.facts,))
    return create_history(
        losses=[loss], facts={"phases": (phase,), "statements": statements, **facts}
    )


TF, OPS = "`tf.reduce_mean(tf.square(y - y_pred))`", "`ops.mean(ops.square(y - y_pred))`"
PROGRAMS = {
    "ops": (summed(line("return ops.sum((y - p) ** 2, -1)")), OPS),
    "keras.ops": (
        summed(line("return keras.ops.sum((y - p) ** 2)")),
        OPS.replace("ops.", "keras.ops."),
    ),
    "both in the line": (summed(line("return tf.cast(ops.sum(p), tf.float32)")), TF),
    "tf": (summed(line("return tf.reduce_sum((y - p) ** 2)")), TF),
    "the lines beside it": (summed(line("return loss", before=("loss = ops.sum(p)",))), OPS),
    "the line before those beside it": (
        summed(line("return ops.sum(p)", before=("with tf.GradientTape() as tape:",))),
        OPS,
    ),
    "other lines": (summed(None, "loss = ops.sum(p)"), OPS),
    "tf in other lines, too": (summed(None, "loss = ops.sum(p)", "@tf.function"), TF),
    "a list named ops": (summed(line("ops.append(p)")), TF),
    "nothing is known": (summed(None), TF),
    "tf_keras, which has none": (summed(line("ops.sum(p)"), keras="tf_keras 2.21.0"), TF),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_speaks_as_the_program_does(name: str) -> None:
    history, words = PROGRAMS[name]
    assert words in judge("LR102", history).fix


@pytest.mark.parametrize(
    ("fix", "own"),
    [
        (
            "`loss = loss_of(y) + tf.add_n(model.losses)`",
            "`loss = loss_of(y) + sum(model.losses)`",
        ),
        ("`tf.cast(tf.equal(y, p), tf.float32)`", '`ops.cast(ops.equal(y, p), "float32")`'),
        ("`tf.squeeze(y, axis=-1)`", "`ops.squeeze(y, axis=-1)`"),
        ("`tf.function` again", "`tf.function` again"),
        # What only `tf` has: one fix speaks one language.
        (*("`tf.nn.compute_average_loss(tf.reduce_mean(p, -1))`",) * 2,),
    ],
)
def test_what_keras_ops_does_not_have_stays(fix: str, own: str) -> None:
    assert in_own_words(fix, None, summed(None, "ops.sum(p)")) == own
