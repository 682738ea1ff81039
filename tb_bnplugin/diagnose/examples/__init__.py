"""The programs of a rule: one with the fault and one without, for `fit` and for a loop.

Beside this file stands one for each rule, `BN101.md`. Headings `### Faulty: fit`, `### Cure: fit`,
`### Faulty: loop` and `### Cure: loop` each hold a sentence and a block of Python; a line
`Keras: tf_keras` under a faulty one says that the other flavour does not have the fault. What
stands before the first heading says why there are programs for one of the two only. Tests run the
programs as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from importlib.resources import files
from typing import Final, Literal, cast

from tb_bnplugin.errors import ExampleError

TrainedBy = Literal["fit", "loop"]
Mark = Literal[" ", "-", "+"]

FLAVOURS: Final = ("keras", "tf_keras")  # as programs import them: Keras 3 and Keras 2

_HEADING: Final = re.compile(r"^### (Faulty|Cure): (fit|loop)$", re.MULTILINE)
_PROGRAM: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FLAVOURS: Final = re.compile(r"^Keras: (.+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the two programs, laid over each other."""

    mark: Mark  # " " in both, "-" in the faulty one only, "+" in the cured one only
    text: str


@dataclass(frozen=True, kw_only=True)
class Example:
    """A short program that a rule finds something in, and the same one cured."""

    trained_by: TrainedBy
    keras: tuple[str, ...]  # of FLAVOURS, those on which the faulty program has the fault
    fault: str  # markdown: what is wrong, in a sentence
    cure: str  # markdown: what the changed lines do
    faulty: str  # source
    cured: str  # source

    @property
    def title(self) -> str:
        """The title of the program, with its Keras if the fault is not on both."""
        how = "with `fit`" if self.trained_by == "fit" else "with a loop of your own"
        on_one = ", on Keras 3 only" if self.keras == ("keras",) else ", on tf_keras only"
        return f"Example {how}{on_one if len(self.keras) == 1 else ''}"

    @property
    def lines(self) -> tuple[Line, ...]:
        """Both programs in one: what a line's mark leaves out of either gives the other."""
        faulty, cured = self.faulty.splitlines(), self.cured.splitlines()
        lines: list[Line] = []
        for kind, a, b, c, d in SequenceMatcher(None, faulty, cured, autojunk=False).get_opcodes():
            if kind == "equal":
                lines += [Line(mark=" ", text=text) for text in faulty[a:b]]
            else:
                lines += [Line(mark="-", text=text) for text in faulty[a:b]]
                lines += [Line(mark="+", text=text) for text in cured[c:d]]
        return tuple(lines)

    @property
    def changes(self) -> tuple[Line, ...]:
        """The lines that differ, with the lines around them; "..." is what lies between."""
        lines = self.lines
        near = [
            any(line.mark != " " for line in lines[max(at - 1, 0) : at + 2])
            for at in range(len(lines))
        ]
        shown: list[Line] = []
        for at, line in enumerate(lines):
            if near[at]:
                shown.append(line)
            elif shown and near[at - 1] and any(near[at:]):
                shown.append(Line(mark=" ", text="..."))
        return tuple(shown)


@dataclass(frozen=True, kw_only=True)
class Examples:
    """All programs of a rule."""

    note: str  # why there are programs for one of the two only; "" where there are both
    programs: tuple[Example, ...]  # fit first


def read_examples(code: str) -> Examples:
    """The programs of a rule; none where it has no file.

    Raises:
        ExampleError: the file is not as this module says it is.
    """
    file = files(__name__) / f"{code}.md"
    if not file.is_file():
        return Examples(note="", programs=())
    try:
        return parse_examples(file.read_text("utf-8"))
    except ExampleError as error:
        raise ExampleError(f"{code}.md: {error}") from error


def parse_examples(text: str) -> Examples:
    """The programs in the text of a rule's file."""
    note, *parts = _HEADING.split(text)
    sections: dict[tuple[str, str], str] = {}
    for kind, trained_by, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if (kind, trained_by) in sections:
            raise ExampleError(f"{kind}: {trained_by} stands there twice")
        sections[kind, trained_by] = body
    programs = []
    for trained_by in ("fit", "loop"):
        bodies = [sections.get((kind, trained_by)) for kind in ("Faulty", "Cure")]
        if bodies == [None, None]:
            continue
        if None in bodies:
            raise ExampleError(f"{trained_by} has only one of Faulty and Cure")
        programs.append(_create_example(trained_by, *cast(list[str], bodies)))
    return Examples(note=note.strip(), programs=tuple(programs))


def _create_example(trained_by: str, fault: str, cure: str) -> Example:
    return Example(
        trained_by=cast(TrainedBy, trained_by),
        keras=_flavours(fault),
        fault=_prose(fault),
        cure=_prose(cure),
        faulty=_program(fault),
        cured=_program(cure),
    )


def _flavours(body: str) -> tuple[str, ...]:
    found = _FLAVOURS.search(_PROGRAM.sub("", body))
    if found is None:
        return FLAVOURS
    names = tuple(name.strip() for name in found[1].split(","))
    if not set(names) <= set(FLAVOURS):
        raise ExampleError(f"Keras: {found[1]!r} is none of {', '.join(FLAVOURS)}")
    return names


def _prose(body: str) -> str:
    return _FLAVOURS.sub("", _PROGRAM.sub("", body)).strip()


def _program(body: str) -> str:
    programs = _PROGRAM.findall(body)
    if len(programs) != 1:
        raise ExampleError(f"a heading has {len(programs)} blocks of Python instead of one")
    return cast(str, programs[0])
