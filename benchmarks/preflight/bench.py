"""A bench that looks ahead: before each `fit`, and before the first batch of a loop."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import tb_bnplugin
from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches
from benchmarks.preflight.loops import bind, body_as_step, find_call, find_loop
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
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
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
            self._look(first, sys._getframe(1))
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

    def _look(self, batch: Any, frame: FrameType) -> None:
        made = self._step(batch, frame)
        if made is None or not self._seen:
            self.failed.append("the loop has no step that could be handed over")
            return
        step, given = made
        model, expect = self._seen[-1]
        known = frame.f_locals | vars(self._module)
        loss = next((known[name] for name in self._losses if callable(known.get(name))), None)
        x, y = batch
        try:
            report = tb_bnplugin.preflight(model, x, y, step, batch=given, loss=loss, expect=expect)
        except Exception as error:  # noqa: BLE001  # it is said
            self.failed.append(f"{type(error).__name__}: {error}")
            return
        self.take(report)

    def _step(self, batch: Any, frame: FrameType) -> tuple[Any, Any] | None:
        """The step of a loop and what the program calls it with; or the body of the loop."""
        names: dict[str, Any] = dict(frame.f_locals)
        around = find_loop(self._tree, frame.f_lineno)
        if around is None:
            return None
        bind(around, batch, names)
        called = find_call(around, [n for n, each in names.items() if _is_step(n, each)])
        if called is None:
            return body_as_step(around, frame, str(self._module.__file__)), None
        try:
            given = tuple(
                eval(ast.unparse(each), vars(self._module) | names) for each in called.args
            )
        except NameError:  # of something that the body makes first
            return body_as_step(around, frame, str(self._module.__file__)), None
        return names[ast.unparse(called.func)], given


def _is_step(name: str, value: Any) -> bool:
    return callable(value) and any(part in name for part in ("step", "train_one"))


def _names_of_losses(tree: ast.AST) -> Iterator[str]:
    """The names that the program hands to `bench.loss`, as a user would to `loss=`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "bench.loss" and node.args:
            yield ast.unparse(node.args[0])
