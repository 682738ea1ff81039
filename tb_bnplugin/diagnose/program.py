"""Lines that were read in the text of a program: the one that a finding may be about, or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tb_bnplugin.diagnose.outcome import Outcome, Place
from tb_bnplugin.history.model import LayerFacts, Line, LossFacts, ModelHistory

MOST_CALLERS: Final = 4

Way = Callable[[Outcome, ModelHistory], "Place | None"]


def option(name: str) -> Way:
    """The line that gives an option the value that the layers have."""

    def find(outcome: Outcome, history: ModelHistory) -> Place | None:
        stated = {outcome.evidence.get(name)} - {None}
        given = stated or {getattr(layer, name) for layer in layers_of(outcome, history)} - {None}
        values = {each.value for each in history.facts.code.statements if each.kind == name}
        same = [value for value in values if number(value) in given]
        return only(history, name, same[0]) if len(given) == len(same) == 1 else None

    return find


def layers_of(outcome: Outcome, history: ModelHistory) -> list[LayerFacts]:
    """The facts of the layers that an outcome names."""
    named = set(outcome.layers)
    return [layer for layer in history.facts.layers if layer.path in named]


def one_of(lines: Sequence[Line | None], history: ModelHistory) -> Place | None:
    """The one line of several lists; None where there are two."""
    known = {line for line in lines if line is not None}
    return placed(known.pop(), history) if len(known) == 1 else None


def losses_of(history: ModelHistory) -> Sequence[LossFacts]:
    """The losses of the newest phase."""
    return [loss for each in history.phases[-1:] for loss in (*each.measured_losses, *each.losses)]


def only(history: ModelHistory, kind: str, value: str | None) -> Place | None:
    """The one line of this kind; of several the last that its own training can follow."""
    statements = history.facts.code.statements
    return only_of(
        [
            each.line
            for each in statements
            if each.kind == kind and (value is None or each.value == value)
        ],
        history,
    )


def only_of(lines: Sequence[Line], history: ModelHistory) -> Place | None:
    """The one line; of several the one whose function was seen to run, if that is one."""
    if len(lines) == 1:
        return placed(lines[0], history)
    running = {(line.file, line.function) for call in history.calls for line in call.stack}
    beside = [line for line in lines if (line.file, line.function) in running]
    return placed(beside[0], history) if len(beside) == 1 else None


def first_of(lines: Sequence[Line], history: ModelHistory) -> Place | None:
    """The first of lines that all have to change, if they stand in one function."""
    functions = {(line.file, line.function) for line in lines}
    return placed(min(lines, key=lambda line: line.line), history) if len(functions) == 1 else None


def placed(line: Line, history: ModelHistory) -> Place:
    """A line that was read, with the lines that called its function where it was seen to run."""
    for call in history.calls:
        for at, each in enumerate(call.stack):
            if (each.file, each.function) == (line.file, line.function):
                return Place(at=line, callers=callers_of(line, call.stack[at + 1 :]))
    return Place(at=line)


def beside(place: Place, history: ModelHistory, kind: str, value: str = "") -> Place | None:
    """The one line of a kind that was found for the line of a call: it ends the value, FILE:LINE.

    In the function of the call it has the same callers; elsewhere those that were seen of its own.
    """
    statements = history.facts.code.statements
    found = {
        each.line for each in statements if (each.kind, each.value) == (kind, f"{value}{place}")
    }
    if len(found) != 1:
        return None
    [line] = found
    if (line.file, line.function) == (place.file, place.function):
        return Place(at=line, callers=callers_of(line, place.callers))
    return placed(line, history)


def callers_of(line: Line, stack: Sequence[Line]) -> tuple[Line, ...]:
    """The nearest lines that called a line, each once: a function may call itself."""
    told = {(line.file, line.line)}
    callers = []
    for each in stack:
        if (each.file, each.line) not in told:
            told.add((each.file, each.line))
            callers.append(each)
    return tuple(callers[:MOST_CALLERS])


def number(text: str) -> float | None:
    """The number that a program's text states; None: no number."""
    try:
        return float(text)
    except ValueError:
        return None
