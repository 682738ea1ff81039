"""A question about Keras: its name, how it is measured, and what each answer means for a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tb_bnplugin.doctor.bench import Bench
from tb_bnplugin.printed import error_line

Value = bool | float | str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that versions of Keras do differently, or that surprises in all of them."""

    name: str  # "graph_training_false_honoured_in_fit": stable, the key in files and in JSON
    asks: str  # "Does fit honour ...?"
    measure: Callable[[Bench], Value]
    means: Callable[[Value], str]  # a measured answer -> its consequence, one sentence


@dataclass(frozen=True, kw_only=True)
class Fact:
    """The answer to one question."""

    topic: str  # "Training mode": questions are shown under it
    name: str
    asks: str
    value: Value | None  # None: it could not be measured
    consequence: str | None  # None as `value`
    reason: str | None  # why it could not be measured, else None


def yes_no(*, yes: str, no: str) -> Callable[[Value], str]:
    """The consequence of a yes and of a no."""
    return lambda value: yes if value else no


def one_of(**meanings: str) -> Callable[[Value], str]:
    """The consequence of each of several words; an unforeseen one is told as it is."""
    return lambda value: meanings.get(str(value), f"It gives {value!r}.")


def answer(question: Question, bench: Bench, *, topic: str) -> Fact:
    """Asks one question; what Keras refuses to do becomes a reason, not an error."""
    value, consequence, reason = None, None, None
    try:
        value = question.measure(bench)
        consequence = question.means(value)
    except Exception as error:  # noqa: BLE001  # an old Keras may lack anything; the others go on
        reason = error_line(error)
    return Fact(
        topic=topic,
        name=question.name,
        asks=question.asks,
        value=value,
        consequence=consequence,
        reason=reason,
    )
