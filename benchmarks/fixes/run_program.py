"""Runs one program on one flavour, faulty and with each cure.

`python -m benchmarks.fixes.run_program NAME keras`: a process of its own, since what one program
does to TensorFlow or Keras must not reach the next.
"""

from __future__ import annotations

import dataclasses
import gc
import importlib
import json
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.findings.run_program import prepare
from benchmarks.fixes.marks import Marked, read_marks
from benchmarks.fixes.results import KEPT, MEANT, NAMED, REMOVED, ROLES, Cured, Result
from benchmarks.fixes.spans import has_span, read_spans


def main(name: str, flavour: str) -> Result:
    """The result of the program `name`, such as "bn101_loop"."""
    begin = Result(name=name, flavour=flavour)
    started = time.perf_counter()
    try:
        module = importlib.import_module(f"benchmarks.fixes.programs.{name}")
        result = _run(_described(begin, module), module)
    except Exception:  # noqa: BLE001  # whatever it is, it is the result
        result = dataclasses.replace(begin, error=traceback.format_exc())
    return dataclasses.replace(result, seconds=time.perf_counter() - started)


def _described(begin: Result, module: ModuleType) -> Result:
    title = (module.__doc__ or "").split("\n\n", maxsplit=1)[0]
    return dataclasses.replace(
        begin,
        rule=module.RULE,
        title=" ".join(title.split()),
        number=module.NUMBER,
        healthy=module.HEALTHY,
        stays=getattr(module, "STAYS", ""),
    )


def _run(begin: Result, module: ModuleType) -> Result:
    keras = prepare(begin.flavour, module)
    faulty = _once(module, keras, None, None)
    finding = next((each for each in faulty.findings if each.code == begin.rule), None)
    result = dataclasses.replace(begin, before=faulty.number)
    if finding is None:
        there = ", ".join(f"{each.code} {each.severity}" for each in faulty.findings)
        return dataclasses.replace(result, message=f"not found; there is: {there or 'nothing'}")
    result = dataclasses.replace(
        result, severity=finding.severity, message=finding.message, fix=finding.fix
    )
    cures = [
        _cure(result, module, keras, cure, faulty.findings)
        for cure in getattr(module, "CURES", ("cured",))
    ]
    roles: dict[str, str] = getattr(module, "SPANS", {})
    source = Path(module.__file__ or "").read_text(encoding="utf-8")
    marks = {cure.name: read_marks(source, cure.name) for cure in cures}
    printed = read_spans(finding.fix)
    return dataclasses.replace(
        result,
        cures=tuple(
            dataclasses.replace(
                cure,
                applied=tuple(
                    span
                    for span in printed
                    if span not in roles and has_span(span, marks[cure.name].cured)
                ),
            )
            for cure in cures
        ),
        unmatched=tuple(
            span for span in printed if not matches(span, roles.get(span), list(marks.values()))
        ),
        unprinted=tuple(span for span in roles if span not in printed),
    )


def matches(span: str, role: str | None, marks: Sequence[Marked]) -> bool:
    """Whether the program has the code of a fix where its role says that it is."""
    if role is None:
        return any(has_span(span, each.cured) for each in marks)
    if role == REMOVED:
        return any(has_span(span, each.faulty) and not has_span(span, each.cured) for each in marks)
    if role == KEPT:
        return all(has_span(span, each.kept) for each in marks)
    assert role in ROLES, f"{role} is none of {', '.join(ROLES)}"
    return role == NAMED or (role == MEANT and span.startswith("expect="))


@dataclass(frozen=True, kw_only=True)
class _Once:
    number: float
    findings: tuple[Any, ...]  # outcomes that are findings, those that are expected left out


def _cure(begin: Result, module: ModuleType, keras: Any, cure: str, before: Sequence[Any]) -> Cured:
    started = time.perf_counter()
    told = next(each for each in before if each.code == begin.rule)
    once = _once(module, keras, cure, told)
    known = {each.code for each in before}
    low, high = begin.healthy
    return Cured(
        name=cure,
        after=once.number,
        healed=low <= once.number <= high and not low <= begin.before <= high,
        gone=all(each.code != begin.rule for each in once.findings),
        new=tuple(
            f"{each.code} {each.severity}: {each.message}"
            for each in once.findings
            if each.severity != "info" and each.code not in known
        ),
        applied=(),
        seconds=time.perf_counter() - started,
    )


def _once(module: ModuleType, keras: Any, cure: str | None, printed: Any) -> _Once:
    from benchmarks.findings.bench import SEED
    from benchmarks.fixes.bench import FixBench

    keras.backend.clear_session()
    keras.mixed_precision.set_global_policy("float32")
    gc.collect()
    keras.utils.set_random_seed(SEED)
    with tempfile.TemporaryDirectory() as folder:
        bench = FixBench(keras, Path(folder), printed)
        try:
            number = float(module.run(keras, bench, cure))
        finally:
            bench.finish()
        return _Once(number=number, findings=_findings(folder, bench))


def _findings(folder: str, bench: Any) -> tuple[Any, ...]:
    """Of the log; of the callbacks where there is none."""
    import tb_bnplugin
    from tb_bnplugin.errors import LogFolderError

    try:
        outcomes = list(tb_bnplugin.check(folder).outcomes)
    except LogFolderError:
        outcomes = [each for source in bench.sources for each in source.findings()]
    return tuple(each for each in outcomes if each.status == "finding" and not each.expected)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3]).to_json(), indent=1))
