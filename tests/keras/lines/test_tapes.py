"""The tape that is asked for the gradient of the model which is called under it."""

from __future__ import annotations

import pytest

from tb_bnplugin.keras.lines.tapes import own_tapes
from tests.support.programs import program, seen

ACTOR_AND_CRITIC = """\
with tf.GradientTape() as tape:
    value = target(actor(following))
    loss = value - critic(state)
descend(tape, loss, critic.trainable_variables)
with tf.GradientTape() as tape:
    loss = -critic(actor(state){})
descend(tape, loss, actor.trainable_weights)
for mean, new in zip(slow.trainable_variables, actor.trainable_variables):
    mean.assign(new)
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((2,), {2: 6}),  # the actor: the other call of it was not seen, since it is alike
        ((3,), {3: 3}),  # the critic
        ((3, 6), {3: 3, 6: 3}),
        ((6,), {}),  # either of them
    ],
)
def test_the_call_under_the_models_own_tape(
    lines: tuple[int, ...], expected: dict[int, int]
) -> None:
    program(ACTOR_AND_CRITIC.format(""))
    assert {line.line: number for line, number in own_tapes(seen(*lines))} == expected


@pytest.mark.parametrize(
    "text",
    [
        "with tf.GradientTape() as tape:\n    value = target(actor(following))\n",
        ACTOR_AND_CRITIC.replace("actor(state)", "actor(state, training=True)"),
        ACTOR_AND_CRITIC.replace("(state)", "(state)\n    again = actor(state)"),
        ACTOR_AND_CRITIC.replace("target(", "critic("),
        "model(x)\nactor(x)\n",
    ],
    ids=["no gradient", "called otherwise", "called twice", "two models", "no tape"],
)
def test_nothing_where_it_is_not_known(text: str) -> None:
    program(text.format(""))
    assert not list(own_tapes(seen(2)))
