"""One public program: where it is, what is patched of it, and what was judged of its findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FLAVOURS = ("keras", "tf_keras")


class PatchError(ValueError):
    """A patch that does not fit the text: another commit, or a mistake."""


@dataclass(frozen=True)
class Swap:
    """Replaces a text, which must be there exactly so many times."""

    old: str
    new: str
    times: int = 1

    def apply(self, text: str) -> str:
        """The text with the replacement made."""
        found = text.count(self.old)
        if found != self.times:
            raise PatchError(f"{self.old!r} is there {found} times, not {self.times}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Cut:
    """Replaces whole lines: from the first with one text to the next with another.

    Without `last` the line of `first` alone; with `last=END` all lines to the end.
    """

    first: str
    last: str | None = None
    new: str = ""
    keep: bool = False  # keeps the last line

    def apply(self, text: str) -> str:
        """The text with the lines replaced, by `new` as far in as the first of them."""
        lines = text.splitlines(keepends=True)
        start = _line(lines, self.first, 0, alone=True)
        end = start
        if self.last == END:
            end = len(lines) - 1
        elif self.last is not None:
            end = _line(lines, self.last, start, alone=False)
        indent = lines[start][: len(lines[start]) - len(lines[start].lstrip())]
        new = "".join(f"{indent}{line}\n" for line in self.new.splitlines())
        return "".join([*lines[:start], new, *lines[end + (0 if self.keep else 1) :]])


@dataclass(frozen=True)
class Add:
    """Adds lines after a line, which must be there once, as far in as it (or as `indent` says)."""

    line: str
    new: str
    before: bool = False
    indent: int | None = None

    def apply(self, text: str) -> str:
        """The text with the lines added."""
        lines = text.splitlines(keepends=True)
        at = _line(lines, self.line, 0, alone=True)
        spaces = len(lines[at]) - len(lines[at].lstrip())
        indent = " " * (spaces if self.indent is None else self.indent)
        new = "".join(f"{indent}{line}\n" for line in self.new.splitlines())
        if not lines[at].endswith("\n"):
            lines[at] += "\n"
        at += 0 if self.before else 1
        return "".join([*lines[:at], new, *lines[at:]])


END = "\0"
Patch = Swap | Cut | Add


def _line(lines: list[str], text: str, start: int, *, alone: bool) -> int:
    found = [at for at, line in enumerate(lines) if at >= start and text in line]
    if not found or (alone and len(found) > 1):
        raise PatchError(f"{len(found)} lines have {text!r}")
    return found[0]


@dataclass(frozen=True, kw_only=True)
class Program:
    """A row of the table."""

    name: str
    repository: str  # owner/name on GitHub
    commit: str
    path: str  # of the program, a script or a notebook
    patches: tuple[Patch, ...] = ()
    also: Mapping[str, tuple[Patch, ...]] = field(default_factory=dict)  # other files it imports
    arguments: tuple[str, ...] = ()  # of its command line
    folder: str | None = None  # of the repository, that it is run in; that of the program if None
    flavours: tuple[str, ...] = FLAVOURS
    rows: int = 128  # of the made-up data, for training
    files: Mapping[str, str] = field(default_factory=dict)  # empty files or text it reads
    judged: Mapping[str, str] = field(default_factory=dict)  # by code: "true: why", "false: why"

    @property
    def root(self) -> str:
        """Folder in the repository that the program is run in."""
        return self.path.rpartition("/")[0] if self.folder is None else self.folder

    @property
    def url(self) -> str:
        """Address of the file at its commit."""
        return f"https://github.com/{self.repository}/blob/{self.commit}/{self.path}"


def patched(text: str, patches: tuple[Patch, ...]) -> str:
    """The text with all patches made, each on what the one before left.

    Raises:
        PatchError: one does not fit.
    """
    for patch in patches:
        text = patch.apply(text)
    return text
