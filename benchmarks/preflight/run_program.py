"""Runs one program on one flavour up to its training, and gives what preflight said of it."""

from __future__ import annotations

import gc
import importlib
import json
import re
import sys
import time
import traceback
import warnings
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.findings.run_program import prepare


@dataclass(frozen=True, kw_only=True)
class Result:
    """What preflight said of one program."""

    program: str
    flavour: str
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()  # "BN101 error"
    instead: tuple[str, ...] = ()  # codes that were found, to which an expected one refers
    reports: int = 0
    seconds: float = 0.0
    failed: tuple[str, ...] = ()
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def main(program: str, flavour: str) -> Result:
    """The result of `program`, such as "faulty/loop_without_training"."""
    kind, _, name = program.partition("/")
    module = importlib.import_module(f"benchmarks.findings.{kind}.{name}")
    expected = tuple(getattr(module, "EXPECTED", {}).get(flavour, ()))
    keras = prepare(flavour, module)
    from benchmarks.findings.bench import SEED
    from benchmarks.preflight.bench import AheadBench, Enough

    keras.backend.clear_session()
    gc.collect()
    keras.utils.set_random_seed(SEED)
    bench, error = AheadBench(keras, module), ""
    if hasattr(module, "batches"):
        module.batches = bench.batches  # type: ignore[attr-defined]
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with bench.looking():
                module.run(keras, bench)
        except Enough:
            pass
        except Exception:  # noqa: BLE001  # whatever it is, it is the result
            error = traceback.format_exc()
    findings = [each for report in bench.reports for each in report.findings()]
    outcomes = [each for report in bench.reports for each in report.outcomes]
    referred = {
        code
        for each in outcomes
        if each.code in expected
        for code in re.findall(r"\bsee ([A-Z]{2}\d{3})\b", each.reason or "")
    }
    return Result(
        program=program,
        flavour=flavour,
        expected=expected,
        found=tuple(sorted({f"{each.code} {each.severity}" for each in findings})),
        instead=tuple(sorted(referred & {each.code for each in findings})),
        reports=len(bench.reports),
        seconds=time.perf_counter() - began,
        failed=tuple(dict.fromkeys(bench.failed)),
        error=error,
    )


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3]).to_json()))
