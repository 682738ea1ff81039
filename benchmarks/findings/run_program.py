"""Runs one program on one flavour, unwatched and watched, and prints what came of it as JSON.

`python -m benchmarks.findings.run_program faulty/NAME keras`: a process of its own, since what
one program does to TensorFlow or Keras must not reach the next.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.findings.marks import marked_codes, marked_lines, misplaced
from benchmarks.findings.results import Found, Proof, Result

_OF_FUSING = "the weights differ only because watching keeps TensorFlow from fusing operations"


def main(program: str, flavour: str) -> Result:
    """The result of `program`, such as "faulty/loop_without_training"."""
    kind, _, name = program.partition("/")
    begin = Result(kind=kind, name=name, flavour=flavour)
    try:
        return _run(begin)
    except Exception:  # noqa: BLE001  # whatever it is, it is the result
        return _with(begin, error=traceback.format_exc())


def _run(begin: Result) -> Result:
    module = importlib.import_module(f"benchmarks.findings.{begin.kind}.{begin.name}")
    expected = tuple(getattr(module, "EXPECTED", {}).get(begin.flavour, ()))
    begin = _with(
        begin,
        title=_first_sentence(module.__doc__ or ""),
        report=module.REPORT,
        expected=expected,
        miss_reason=dict(getattr(module, "MISS_REASON", {})),
    )
    keras = prepare(begin.flavour, module)
    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            unwatched = _once(module, keras, None, expected)
            watched = _once(module, keras, Path(folder), expected)
            changed: bool | None = unwatched.digest != watched.digest
            if changed and unwatched.digest != _once(module, keras, None, expected).digest:
                changed = None
            why = (_OF_FUSING,) if changed and _same_unfused(module, keras, expected) else ()
            seconds = time.perf_counter() - started
            found, crashed, notes = _check(folder)
    except Exception:  # noqa: BLE001  # whatever it is, it is the result
        seconds = time.perf_counter() - started
        return _with(begin, error=traceback.format_exc(), seconds=seconds)
    ours = [str(each.message) for each in heard if "tb_bnplugin" in str(each.message)]
    if unwatched.digest is None:
        return _with(begin, error="the program hands nothing to `bench.final`", seconds=seconds)
    marks = marked_lines(Path(str(module.__file__)))
    return _with(
        begin,
        found=found,
        marked=marked_codes(marks, (each.code for each in found)),
        misplaced=misplaced(marks, ((each.code, each.place) for each in found)),
        crashed=crashed,
        told=tuple(sorted(f"{code} {severity}" for code, severity in watched.told)),
        proofs=tuple(
            Proof(text=text, held=held and watched_held)
            for (text, held), (_, watched_held) in zip(
                unwatched.proofs, watched.proofs, strict=True
            )
        ),
        calls=watched.calls,
        evidence_call=watched.evidence_call,
        lateness=_lateness(watched, found, expected),
        changed=changed,
        seconds=seconds,
        notes=(*notes, *why, *dict.fromkeys(ours)),
    )


def _same_unfused(module: ModuleType, keras: Any, expected: Sequence[str]) -> bool:
    """Whether watching changes no bit where TensorFlow computes each operation by itself.

    It computes some together, such as a convolution with its bias, unless another operation needs
    what is between them; that rounds differently.
    """
    _fuse(False)
    try:
        unwatched = _once(module, keras, None, expected)
        with tempfile.TemporaryDirectory() as folder:
            watched = _once(module, keras, Path(folder), expected)
    finally:
        _fuse(True)
    return bool(unwatched.digest == watched.digest)


def _fuse(fused: bool) -> None:
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"remapping": fused})


def prepare(flavour: str, module: ModuleType) -> Any:
    """The Keras asked for. One thread an operation: two programs run beside each other."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    replicas = getattr(module, "REPLICAS", 1)  # programs under a strategy: logical CPUs
    if replicas > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * replicas
        )
    if not getattr(module, "FUSED", True):
        _fuse(False)
    keras = importlib.import_module(flavour)
    keras.utils.set_random_seed(0)  # asked for by `enable_op_determinism`
    tf.config.experimental.enable_op_determinism()
    return keras


def _once(module: ModuleType, keras: Any, folder: Path | None, expected: Sequence[str]) -> Any:
    from benchmarks.findings.bench import SEED, Bench

    keras.backend.clear_session()
    keras.mixed_precision.set_global_policy("float32")
    gc.collect()
    keras.utils.set_random_seed(SEED)
    bench = Bench(keras, folder, expected)
    try:
        module.run(keras, bench)
    finally:
        bench.finish()
    return bench


def _check(folder: str) -> tuple[tuple[Found, ...], tuple[str, ...], tuple[str, ...]]:
    """Findings, crashed rules, and notes of what a program left in its log."""
    import tb_bnplugin
    from tb_bnplugin.errors import LogFolderError

    try:
        checked = tb_bnplugin.check(folder)
    except LogFolderError as error:
        return (), (), (f"nothing to check: {str(error).replace(folder, 'the log')}",)
    found = tuple(
        Found(
            code=outcome.code,
            severity=outcome.severity,
            expected=outcome.expected,
            layers=len(outcome.layers),
            steps=outcome.steps,
            message=outcome.message,
            place="" if outcome.place is None else str(outcome.place),
        )
        for outcome in checked.outcomes
        if outcome.status == "finding"
    )
    crashed = sorted({each.code for each in checked.outcomes if each.status == "crashed"})
    return found, tuple(crashed), tuple(note for run in checked for note in run.notes)


def _lateness(bench: Any, found: Sequence[Found], expected: Sequence[str]) -> int | None:
    """Calls from evidence to finding. What only the finished log shows came after the last call.

    Comparisons of runs have none: they are made of finished logs.
    """
    if bench.lateness is not None:
        lateness: int = bench.lateness
        return lateness
    within = [code for code in expected if not code.startswith("CR")]
    if bench.evidence_call is None or not any(each.code in within for each in found):
        return None
    after: int = bench.calls + 1 - bench.evidence_call
    return after


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def _with(result: Result, **values: Any) -> Result:
    return Result.from_json({**result.to_json(), **_plain(values)})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(values, default=lambda each: each.__dict__))
    return plain


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:3]).to_json()))
