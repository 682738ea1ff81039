"""The results as text for the console, and as the page `docs/fixes.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.fixes.results import Cured, Result
from tb_bnplugin.diagnose import COMPARISONS, RULES

_NAMES = {"keras": "Keras 3", "tf_keras": "tf_keras"}

_INTRODUCTION = """\
# Fixes, as run

Written by `python -m benchmarks.fixes --write`; the numbers change only when that is run again.

Each program in `benchmarks/fixes/programs/` has one fault. It is run as it is: the finding must \
be there, and a number of the program's own, measured without tb_bnplugin, must be bad. The fix \
that the finding prints is then applied, in marked lines that must have the code of the printed \
fix word for word, but for names of variables. What is printed for a flavour, a strategy, `fit` or \
a loop is run in just that. The cured program must have no finding of that rule and no new error \
or warning, and its number must be that of a healthy program. Where a fix names several ways, each \
is run.
"""


def line(result: Result) -> str:
    """One result in one line, with what does not hold below it."""
    state = "ok  " if result.works else "FAIL"
    lines = [f"{state} {result.name} {result.flavour}  {result.seconds:.1f} s"]
    lines[0] += f"  {result.number} {_number(result.before)}"
    lines[0] += "".join(f" -> {_number(cure.after)} ({cure.name})" for cure in result.cures)
    if not result.error and not result.found:
        lines.append(f"       the fault is not there: {result.message}")
    lines += [f"       not in the cured lines: {span}" for span in result.unmatched]
    for cure in result.cures:
        if not cure.gone and not result.stays:
            lines.append(f"       {cure.name}: the finding stays")
        if not cure.healed:
            lines.append(f"       {cure.name}: healthy is {_range(result)}")
        lines += [f"       {cure.name}: new {each}" for each in cure.new]
    lines += [f"       {each}" for each in result.error.strip().splitlines()[-6:]]
    if not result.works and result.fix:
        lines.append(f"       fix: {result.fix}")
    return "\n".join(lines)


def unprinted(results: Sequence[Result]) -> list[str]:
    """The code to which a program gives a role, and that no flavour's fix has."""
    entries = []
    for name in dict.fromkeys(result.name for result in results):
        mine = [result for result in results if result.name == name]
        never = set(mine[0].unprinted).intersection(*(result.unprinted for result in mine))
        entries += [f"{name}: {span}" for span in sorted(never)]
    return entries


def rules_without(results: Sequence[Result]) -> list[str]:
    """The rules of which no program ran."""
    known = [module.RULE.code for module in (*RULES, *COMPARISONS)]
    return [code for code in known if code not in {result.rule for result in results}]


def page(results: Sequence[Result], versions: str) -> str:
    """The page of documentation.

    Args:
        results: of all programs on both flavours.
        versions: what it was run with, such as "TensorFlow 2.21.0, Keras 3.15.1, tf_keras 2.21.0".
    """
    cures = [cure for result in results for cure in result.cures]
    parts = [
        _INTRODUCTION,
        f"Run with {versions}: {len(results)} programs, each on a flavour, {len(cures)} cures.\n",
        _table(
            ("rule", "program", "flavour", "cure", "finding gone", "healed", "number of its own"),
            [row for result in results for row in _rows(result)],
        ),
        "## What was printed\n",
        *_texts(results),
    ]
    return "\n".join(parts)


def _rows(result: Result) -> Iterator[tuple[str, ...]]:
    start = (result.rule, result.name, _NAMES[result.flavour])
    if not result.cures:
        yield (*start, "not run", "-", "-", result.number)
    for cure in result.cures:
        number = f"{result.number}: {_number(result.before)} to {_number(cure.after)}"
        yield (*start, cure.name, _gone(result, cure), "yes" if cure.healed else "no", number)


def _gone(result: Result, cure: Cured) -> str:
    if cure.new:
        return f"new: {', '.join(' '.join(each.split()[:2]) for each in cure.new)}"
    if cure.gone:
        return "yes"
    return f"stays: {result.stays}" if result.stays else "no"


def _texts(results: Sequence[Result]) -> Iterator[str]:
    """Each program with its fix, told once where both flavours print the same."""
    for name in dict.fromkeys(result.name for result in results):
        mine = [result for result in results if result.name == name]
        yield f"**{name}** ({mine[0].rule}). {mine[0].title}\n"
        for fix in dict.fromkeys(result.fix for result in mine):
            where = [_NAMES[result.flavour] for result in mine if result.fix == fix]
            only = f"{', '.join(where)}: " if len(where) < len(mine) else ""
            yield f"> {only}{fix}\n"


def _number(value: float) -> str:
    return f"{value:.3g}"


def _range(result: Result) -> str:
    return " to ".join(_number(limit) for limit in result.healthy)


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]
    return "\n".join(text) + "\n"
