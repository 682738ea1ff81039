"""The documentation of a rule, from its docstring and its programs: for page, terminal and docs."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tb_bnplugin.diagnose.examples import Examples, read_examples
from tb_bnplugin.diagnose.outcome import Severity
from tb_bnplugin.diagnose.rule import Documented
from tb_bnplugin.diagnose.rules import COMPARISONS, RULES
from tb_bnplugin.errors import UnknownRuleError

HEADINGS: Final = (
    "What it sees",
    "Why it matters",
    "How it decides",
    "What to do",
    "When it is fine",
    "References",
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of a rule's documentation."""

    title: str  # one of HEADINGS
    text: str  # markdown


@dataclass(frozen=True, kw_only=True)
class Documentation:
    """A rule, explained."""

    code: str
    name: str
    severity: Severity
    summary: str  # one sentence
    sections: tuple[Section, ...]  # in the order of HEADINGS
    examples: Examples

    def section(self, title: str) -> str:
        """The text under a heading, "" when there is none."""
        return next((section.text for section in self.sections if section.title == title), "")


def explain(code: str) -> Documentation:
    """The documentation of one rule.

    Raises:
        UnknownRuleError: no rule has this code.
    """
    rules: Sequence[Documented] = (*RULES, *COMPARISONS)
    for rule in rules:
        if rule.RULE.code == code.strip().upper():
            return parse_documentation(rule)
    known = ", ".join(rule.RULE.code for rule in rules)
    raise UnknownRuleError(f"no rule has the code {code!r}; the codes are {known}")


def explain_all() -> tuple[Documentation, ...]:
    """The documentation of every rule, in the order of the rules."""
    rules: Sequence[Documented] = (*RULES, *COMPARISONS)
    return tuple(parse_documentation(rule) for rule in rules)


def parse_documentation(rule: Documented) -> Documentation:
    """The sections of a rule module's docstring, and the programs that belong to its code."""
    # Under `python -OO` there is no docstring; rules then work without their documentation.
    lines = inspect.cleandoc(rule.__doc__ or "").splitlines()
    bodies: dict[str, list[str]] = {"": []}
    title = ""
    for line in lines:
        if line.endswith(":") and line[:-1] in HEADINGS:
            title = line[:-1]
            bodies[title] = []
        else:
            bodies[title].append(line)
    texts = {title: inspect.cleandoc("\n" + "\n".join(body)) for title, body in bodies.items()}
    return Documentation(
        code=rule.RULE.code,
        name=rule.RULE.name,
        severity=rule.RULE.severity,
        summary=texts.pop("").split("\n\n")[0].replace("\n", " "),
        sections=tuple(Section(title=title, text=text) for title, text in texts.items()),
        examples=read_examples(rule.RULE.code),
    )
