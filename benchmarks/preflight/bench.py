"""A bench that looks ahead: before each `fit`, and before the first batch of a loop."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import tb_bnplugin
from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches
from benchmarks.preflight.given import Given, whole
from benchmarks.preflight.loops import (
    bind,
    body_as_step,
    find_call,
    find_loop,
    is_step,
    recorded_in,
    told_of_the_loss,
    values_of,
)
from benchmarks.preflight.turns import FirstTurn
from tb_bnplugin.preflights.ahead import look_ahead


class Enough(BaseException):
    """Ends the program: it was looked at."""


class AheadBench(Bench):
    """Looks at what the program hands to `fit`, and at the steps of its loops.

    Args:
        keras: the module `keras` or `tf_keras`.
        module: the program.
    """

    def __init__(self, keras: Any, module: ModuleType) -> None:
        super().__init__(keras, None)
        self.reports: list[Any] = []
        self.failed: list[str] = []
        self._module = module
        self._file = str(module.__file__)
        source = Path(self._file).read_text(encoding="utf-8")
        self._once = source.count("fit(") + source.count("batches(") < 2
        self._tree = ast.parse(source)
        self._losses = list(_names_of_losses(self._tree))
        self._seen: list[Any] = []

    def callbacks(self, model: Any = None, **options: Any) -> list[Any]:
        """A callback that looks ahead, beside that of the program."""
        held = options.get("probe_data")
        expect = tuple(options.get("expect", ()))
        bench = self

        class Ahead(self.keras.callbacks.Callback):  # type: ignore[name-defined]
            def on_train_begin(self, logs: Any = None) -> None:
                given = bench.held(sys._getframe(1)) if held is None else held
                with warnings.catch_warnings(record=True) as heard:
                    warnings.simplefilter("always")
                    report = look_ahead(self.model, given, expect=expect, source=True)
                ours = [str(each.message) for each in heard if "tb_bnplugin" in str(each.message)]
                bench.take(report, "".join(ours[:1]))

        return [Ahead(), *super().callbacks(model, **options)]

    def held(self, frame: FrameType | None) -> Any:
        """The first batch of a dataset that `fit` was given, as its user would hand it over."""
        while frame is not None and "batch_size" not in frame.f_locals:
            frame = frame.f_back
        data: Any = None if frame is None else frame.f_locals.get("x")
        return tuple(next(iter(data))) if hasattr(data, "element_spec") else None

    def watch(self, model: Any, **options: Any) -> Any:
        """Takes note of the model that a loop trains."""
        self._seen.append((model, tuple(options.get("expect", ()))))
        return super().watch(model, **options)

    def batches(self, *args: Any, **options: Any) -> Iterator[Any]:
        """As `data.batches`; before the first one the loop is looked at."""
        made = batches(*args, **options)
        first = next(made, None)
        if first is not None:
            self._look_at_batches(first, sys._getframe(1))
            yield first
        yield from made

    def take(self, report: Any, what: str = "") -> None:
        """Keep a report, and end the program where it has no other training."""
        if report is None:
            self.failed.append(what)
        else:
            self.reports.append(report)
        if self._once:
            raise Enough

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Within, the program runs: loops that draw their rows themselves are looked at, too."""
        with FirstTurn(self._tree, self._file, self._look_at_turn).awaited():
            yield

    def _look_at_batches(self, batch: Any, frame: FrameType) -> None:
        """Look at a loop over `batches` before its first turn."""
        loop = find_loop(self._tree, frame.f_lineno)
        if loop is None:
            self.failed.append("the loop is not a statement")
            return
        names = vars(self._module) | frame.f_locals
        bind(loop, batch, names)
        step, given = self._step(loop, frame, names)
        y, weights = told_of_the_loss(loop, loop.body, names)
        self._look(step, loop, names, Given(batch[0], batch[1] if y is None else y, weights, given))

    def _look_at_turn(self, loop: ast.For, frame: FrameType) -> None:
        """Look at a loop that draws its rows itself, at the statement of its first step."""
        names = vars(self._module) | frame.f_locals
        step, given = self._step(loop, frame, names)
        later = [each for each in loop.body if (each.end_lineno or 0) >= frame.f_lineno]
        y, weights = told_of_the_loss(loop, later, names)
        if given is None:
            assert isinstance(loop.target, ast.Tuple)
            x, labels = (names[ast.unparse(each)] for each in loop.target.elts)
        else:
            given = tuple(map(whole, given))
            x, labels = (*given, None)[:2] if len(given) < 3 else (given[0], None)
        self._look(step, loop, names, Given(x, labels if y is None else y, weights, given))

    def _look(self, step: Any, loop: ast.For, names: dict[str, Any], given: Given) -> None:
        models = [each for each in self._seen if each[0] in recorded_in(loop, names)]
        if step is None or not self._seen:
            self.failed.append("the loop has no step that could be handed over")
            return
        loss = next((names[name] for name in self._losses if callable(names.get(name))), None)
        ended = False
        for model, expect in models or self._seen[-1:]:
            options = {"batch": given.batch, "loss": loss, "expect": expect}
            options |= {"sample_weight": given.weights}
            try:
                x = given.of(model)
                report = tb_bnplugin.preflight(model, x, given.y, step, **options)
            except Exception as error:  # noqa: BLE001  # it is said
                self.failed.append(f"{type(error).__name__}: {error}")
                continue
            self.reports.append(report)
            ended = self._once
        if ended:
            raise Enough

    def _step(self, loop: ast.For, frame: FrameType, names: dict[str, Any]) -> tuple[Any, Any]:
        """The step of a loop and what the program calls it with; or the body of the loop."""
        called = find_call(loop.body, [n for n, each in names.items() if is_step(n, each)])
        if called is not None:
            try:
                return names[ast.unparse(called.func)], values_of(called, names)
            except NameError:  # of something that the body makes first
                pass
        return body_as_step(loop, frame, self._file), None


def _names_of_losses(tree: ast.AST) -> Iterator[str]:
    """The names that the program hands to `bench.loss_reduction`, as a user would to `loss=`."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) == "bench.loss_reduction"
            and node.args
        ):
            yield ast.unparse(node.args[0])
