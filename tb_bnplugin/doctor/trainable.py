"""When `trainable` and `compile` take effect, measured."""

from __future__ import annotations

from typing import Any, Final

from tb_bnplugin.doctor.bench import Bench, X
from tb_bnplugin.doctor.question import Question, yes_no


def after_compile_before_fit(bench: Bench) -> bool:
    """trainable=False between compile and the first fit."""
    bn = bench.bn()
    model = bench.functional(bn)
    bn.trainable = False
    bench.fit(model)
    return bench.updates(bn) == 0


def after_fit_without_compile(bench: Bench) -> bool:
    """trainable=False after a first fit, then a second fit."""
    bn = bench.bn()
    model = bench.functional(bn)
    bench.fit(model)
    bn.trainable = False
    bench.fit(model)
    return bench.updates(bn) == 1


def after_fit_with_compile(bench: Bench) -> bool:
    """trainable=False after a first fit, compile, then a second fit."""
    bn = bench.bn()
    model = bench.functional(bn)
    bench.fit(model)
    bn.trainable = False
    bench.fit(bench.compiled(model))
    return bench.updates(bn) == 1


def compile_restarts_iterations(bench: Bench) -> bool:
    """A first fit, then compile with the optimizer's name."""
    model = bench.functional(bench.bn())
    bench.fit(model)
    bench.compiled(model)
    return int(model.optimizer.iterations.numpy()) == 0


def batch_index_counts_steps(bench: Bench) -> bool:
    """Four steps, three an execution, of which callbacks are told an index."""
    indices: list[int] = []

    class Listener(bench.keras.callbacks.Callback):  # type: ignore[name-defined]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            indices.append(int(batch))

    model = bench.compiled(bench.functional(bench.bn()), steps_per_execution=3)
    bench.fit(model, batch_size=1, callbacks=[Listener()])
    return indices[-1] == len(X) - 1


QUESTIONS: Final = (
    Question(
        name="trainable_after_compile_before_fit_honoured",
        asks="Is trainable=False respected when set between compile and the first fit?",
        measure=after_compile_before_fit,
        means=yes_no(
            yes="The layer is frozen, since fit reads `trainable` when it first runs.",
            no="The layer trains on: compile after every change of `trainable`.",
        ),
    ),
    Question(
        name="trainable_after_fit_without_compile_honoured",
        asks="Is trainable=False respected when set after a fit, without compile?",
        measure=after_fit_without_compile,
        means=yes_no(
            yes="The layer is frozen from the next fit on.",
            no="The layer trains on: compile after every change of `trainable`.",
        ),
    ),
    Question(
        name="trainable_after_fit_with_compile_honoured",
        asks="Is trainable=False respected when set after a fit, with compile?",
        measure=after_fit_with_compile,
        means=yes_no(
            yes="compile makes a change of `trainable` take effect.",
            no="Even compile does not make a change of `trainable` take effect.",
        ),
    ),
    Question(
        name="compile_restarts_iterations",
        asks="Does compile with an optimizer's name restart optimizer.iterations?",
        measure=compile_restarts_iterations,
        means=yes_no(
            yes="Learning rate schedules begin anew at each compile with a name.",
            no="Learning rate schedules go on over a compile.",
        ),
    ),
    Question(
        name="batch_index_exact_under_steps_per_execution",
        asks="Is the batch index of callbacks right under steps_per_execution?",
        measure=batch_index_counts_steps,
        means=yes_no(
            yes="Callbacks may count steps by it.",
            no="A short last execution is left out or overshot: count by optimizer.iterations.",
        ),
    ),
)
