"""What came of the programs, as lines and as a section of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.public.program import FLAVOURS, Program
from benchmarks.public.results import Result

BEGIN = "<!-- public programs: written by `python -m benchmarks.public --write` -->\n"

_INTRODUCTION = """\
## Public programs

Written by `python -m benchmarks.public --mirror DIR --write`; the numbers change only when that \
is run again.

Training programs as their authors published them, of {repositories} repositories on GitHub, run \
with and without tb_bnplugin, each in a process of its own, with the same seed. Their text is read \
from git at the commit named and patched by substitutions that fail where they do not fit: data \
(made up, of the right shapes), sizes (of batches, images and layers), epochs, names that the \
installed Keras no longer has, and what only draws or saves. `fit` gets the callback; loops get \
the lines of the README. Models and training loops are the authors'. The programs stand in \
`benchmarks/public/programs/`; nothing of their code does. A program is left out on a flavour on \
which it does not run without tb_bnplugin.

- **Equal**: all weights at the end, and the losses on the way, are those of the run without \
tb_bnplugin, bit for bit.
- **Findings** were judged by reading the program and by numbers of our own: *true* is a fault \
that the program has, or, of BN201 and BN203, one that it has with the few steps and small batches \
made here; *fact* is an info that is so and asks for nothing.

Run with {versions}.
"""


def good(result: Result, judged: Mapping[str, str]) -> bool:
    """Whether all is well: as without the tool, and no error or warning that is false."""
    if not result.ran:
        return True
    told = [each for each in result.found if each.severity != "info"]
    return result.outcome.startswith("equal") and all(
        judged.get(each.code, "").startswith("true") for each in told
    )


def line(result: Result, judged: Mapping[str, str]) -> str:
    """One line, and one more for each finding, warning or error."""
    mark = "ok  " if good(result, judged) else "BAD "
    models = ", ".join(result.models)
    steps = f"{result.steps} steps, {models} [{result.seconds:.0f} s]"
    lines = [f"{mark} {result.name} {result.flavour}: {result.outcome}, {steps}"]
    lines += [
        f"    {found.code} {found.severity}, {_verdict(judged, found.code)}: {found.message}"
        for found in result.found
    ]
    lines += [f"    warning: {each}" for each in (*result.warnings, *result.notes)]
    lines += [f"    {text.strip()}" for text in (result.without, result.error) if text]
    return "\n".join(lines)


def section(results: Sequence[Result], programs: Mapping[str, Program], versions: str) -> str:
    """The section of the page, with its mark before it."""
    ran = [result for result in results if result.ran]
    repositories = {result.repository for result in ran}
    parts = [
        BEGIN + _INTRODUCTION.format(repositories=len(repositories), versions=versions),
        _table(("", "Keras 3", "tf_keras"), list(_totals(ran, programs))),
        "### What came of them\n",
        _table(
            ("program", "flavour", "steps", "layers", "outcome", "findings"),
            [_row(result, programs[result.name]) for result in ran],
        ),
        "### The findings, judged\n",
        _table(("program", "finding", "verdict"), list(_verdicts(ran, programs))),
    ]
    return "\n".join(parts)


def _totals(ran: Sequence[Result], programs: Mapping[str, Program]) -> Iterator[Sequence[str]]:
    by = [[result for result in ran if result.flavour == flavour] for flavour in FLAVOURS]

    def row(name: str, counts: Iterable[int]) -> Sequence[str]:
        return (name, *(str(count) for count in counts))

    yield row("programs", map(len, by))
    for text, outcome in (
        ("broken", "broken"),
        ("recording lost", "recording lost"),
        ("changed", "changed"),
        ("differ from run to run", "unlike from run to run"),
    ):
        yield row(text, (sum(each.outcome == outcome for each in some) for some in by))
    for kind in ("true", "false", "not judged"):
        yield row(
            f"errors and warnings, {kind}",
            (
                sum(
                    _verdict(programs[each.name].judged, found.code).startswith(kind)
                    for each in some
                    for found in each.found
                    if found.severity != "info"
                )
                for some in by
            ),
        )


def _row(result: Result, program: Program) -> Sequence[str]:
    return (
        f"[{result.name}]({program.url})",
        result.flavour,
        str(result.steps),
        ", ".join(result.layers),
        result.outcome,
        ", ".join(dict.fromkeys(f"{each.code} {each.severity}" for each in result.found)),
    )


def _verdicts(ran: Sequence[Result], programs: Mapping[str, Program]) -> Iterator[Sequence[str]]:
    seen = set()
    for result in ran:
        for found in result.found:
            if (result.name, found.code) not in seen:
                seen.add((result.name, found.code))
                verdict = programs[result.name].judged.get(found.code, "not judged")
                yield result.name, f"{found.code} {found.severity}", verdict


def _verdict(judged: Mapping[str, str], code: str) -> str:
    return judged.get(code, "not judged").partition(":")[0]


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines]
    return "\n".join(text) + "\n"
