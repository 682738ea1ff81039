"""When evidence is seen and findings are asked for, with made-up findings."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from tests.conftest import Flavour

ERROR = SimpleNamespace(code="BN101", severity="error", expected=False)
INFO = SimpleNamespace(code="BN108", severity="info", expected=False)


class Findings:
    """Findings that are there from a call on; counts how often it was asked."""

    def __init__(self, bench: Bench, finding: Any, *, since: int) -> None:
        self.bench, self.finding, self.since = bench, finding, since
        self.asked = 0

    @property
    def findings(self) -> tuple[Any, ...]:
        self.asked += 1
        return (self.finding,) if self.since <= self.bench.calls else ()


def watched_bench(tmp_path: Path, *expected: str) -> Bench:
    return Bench(None, tmp_path, expected)


def test_lateness_is_the_calls_between_evidence_and_finding(tmp_path: Path) -> None:
    bench = watched_bench(tmp_path, "BN101")
    bench.evidence(lambda: bench.calls >= 3)
    source = Findings(bench, ERROR, since=7)
    bench._sources.append(source)
    for _ in range(20):
        bench.call()
    assert (bench.evidence_call, bench.found_call, bench.lateness) == (3, 7, 4)
    assert source.asked == 5  # not before the evidence, and not after the finding


def test_what_is_found_before_the_evidence_is_not_late(tmp_path: Path) -> None:
    bench = watched_bench(tmp_path, "BN101")
    bench.evidence(lambda: bench.calls >= 3)
    bench._sources.append(Findings(bench, ERROR, since=1))
    for _ in range(5):
        bench.call()
    assert bench.lateness == 0


def test_another_code_does_not_end_the_lateness(tmp_path: Path) -> None:
    bench = watched_bench(tmp_path, "BN101")
    bench.evidence(lambda: True)
    bench._sources.append(Findings(bench, INFO, since=1))
    bench.call()
    assert bench.lateness is None


def test_what_the_console_says_is_kept(flavour: Flavour, tmp_path: Path) -> None:
    """Evaluation that trains the layer, after a fit that nothing is wrong with."""
    keras = flavour.keras
    bench = Bench(keras, tmp_path)
    inputs = keras.Input((3,))
    normalized = keras.layers.BatchNormalization(momentum=0.1)
    outputs = keras.layers.Dense(1)(normalized(inputs))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    x, y = np.ones((40, 3), "float32"), np.ones((40, 1), "float32")
    model.fit(x, y, batch_size=20, verbose=0, callbacks=bench.callbacks())
    assert bench.told == set()
    watch = bench.watch(model)
    with watch.evaluating():
        normalized(x, training=True)
    bench.finish()
    assert bench.told == {("BN104", "error")}


def test_evidence_is_looked_at_where_nothing_is_watched_too() -> None:
    bench = Bench(None, None, ("BN101",))
    bench.evidence(lambda: bench.calls == 2)
    for _ in range(3):
        bench.record(None, step=1)
    assert (bench.calls, bench.evidence_call, bench.found_call) == (3, 2, None)


def test_a_watch_of_nothing_has_the_same_methods() -> None:
    bench = Bench(None, None)
    watch = bench.watch(None)
    with watch.evaluating():
        pass
    assert (watch.findings(), watch.outcomes(), bench.calls) == ((), (), 1)


def test_the_digest_tells_one_bit_apart() -> None:
    def digest(value: Any) -> str | None:
        bench = Bench(None, None)
        bench.final({"weights": [np.ones(3, "float32"), value]})
        return bench.digest

    assert digest(np.float32(1.0)) == digest(np.float32(1.0))
    assert digest(np.float32(1.0)) != digest(np.nextafter(np.float32(1.0), np.float32(2.0)))
    assert digest(np.float32(0.0)) != digest(np.float32(-0.0))
    assert Bench(None, None).digest is None
