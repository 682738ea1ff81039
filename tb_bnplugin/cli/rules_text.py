"""The text of `tb-bnplugin rules`."""

from __future__ import annotations

from textwrap import indent

from tb_bnplugin.cli.style import Style
from tb_bnplugin.diagnose import Documentation, explain_all
from tb_bnplugin.diagnose.examples import Example, Line


def rules_text(style: Style) -> str:
    """The list of rules, one or two lines each."""
    rules = explain_all()
    widest = max(len(rule.name) for rule in rules)
    lines = []
    for rule in rules:
        first = f"{rule.code}  {rule.name:<{widest}}  {rule.severity:<7}  "
        wrapped = style.wrap(rule.summary, first=first)
        lines.append(style.paint(rule.code, "bold") + wrapped[len(rule.code) :])
    lines.append("")
    lines.append("To explain one: tb-bnplugin rules CODE")
    return "\n".join(lines)


def rule_text(rule: Documentation, style: Style) -> str:
    """The full documentation of a rule."""
    head = style.paint(f"{rule.code} {rule.name}", "bold")
    parts = [f"{head} ({rule.severity})", style.wrap(rule.summary)]
    for section in rule.sections:
        paragraphs = [_paragraph(text, style) for text in section.text.split("\n\n")]
        parts.append(style.paint(section.title, "bold") + "\n" + "\n\n".join(paragraphs))
    if rule.examples.note:
        note = _paragraph(rule.examples.note, style)
        parts.append(style.paint("Examples", "bold") + "\n" + note)
    parts += [_example(example, style) for example in rule.examples.programs]
    return "\n\n".join(parts)


def _example(example: Example, style: Style) -> str:
    """The faulty program, then the lines that change in the cured one."""
    return "\n\n".join(
        [
            style.paint(example.title, "bold") + "\n" + _paragraph(example.fault, style),
            indent(example.faulty.rstrip(), "    "),
            _paragraph(f"Cure: {example.cure}", style),
            "\n".join(_line(line, style) for line in example.changes),
        ]
    )


def _line(line: Line, style: Style) -> str:
    text = f"  {line.mark} {line.text}".rstrip()
    kinds = {"-": "dim", "+": "bold"}
    return style.paint(text, kinds[line.mark]) if line.mark in kinds else text


def _paragraph(text: str, style: Style) -> str:
    """A paragraph wrapped to the width; code and lists keep their lines."""
    lines = text.splitlines()
    if any(line.startswith((" ", "-", "*", "```")) for line in lines):
        return "\n".join(f"  {line}".rstrip() for line in lines)
    return style.wrap(" ".join(lines), first="  ")
