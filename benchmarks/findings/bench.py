"""What a program is given: the same whether it is watched by tb_bnplugin or not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import tb_bnplugin

SEED = 7


class Bench:
    """Watches a program, or does the same without watching.

    What happens once a batch, an epoch, an evaluation or a `record` is a *call*. At each call the
    program's evidence is looked at until it is true; from then on the findings, until an expected
    one is among them: the calls in between are the lateness.

    Args:
        keras: the module `keras` or `tf_keras`.
        folder: where the log is written; None: the program is not watched.
        expected: the codes that must be found. Without any the program is a healthy one.
    """

    def __init__(self, keras: Any, folder: Path | None, expected: Sequence[str] = ()) -> None:
        self.keras = keras
        self.seed = SEED
        self.proofs: list[tuple[str, bool]] = []  # text, and whether it held
        self.calls = 0
        self.evidence_call: int | None = None  # at which call the evidence was first true
        self.found_call: int | None = None  # at which call an expected code was first found
        self.told: set[tuple[str, str]] = set()  # (code, severity), of what the console shows
        self._folder = folder
        self._run = "program"
        self._expected = frozenset(expected)
        self._evidence: Callable[[], Any] | None = None
        self._digest = hashlib.sha256()
        self._finals = 0
        self._sources: list[Any] = []  # what has `findings`: callbacks and watches
        self._models: list[Any] = []  # those that are watched for a loop
        self._writers: dict[str, Any] = {}

    # What a program uses -----------------------------------------------------------------------

    @property
    def watched(self) -> bool:
        """Whether tb_bnplugin looks on."""
        return self._folder is not None

    def callbacks(self, model: Any = None, **options: Any) -> list[Any]:
        """Callbacks for `fit`, `evaluate` and `predict`; `options` go to `BatchNormCallback`."""
        callbacks: list[Any] = [self._own_callback()]
        if self.watched:
            watching = tb_bnplugin.BatchNormCallback(
                self.folder_of(self._run), on_finding=self._hear, **options
            )
            self._sources.append(watching)
            callbacks.insert(0, watching)
        return callbacks

    def watch(self, model: Any, **options: Any) -> Watched:
        """`tb_bnplugin.watch`, for loops; where nothing is watched, the same without effect."""
        if not self.watched:
            return Watched(self, None)
        watch = tb_bnplugin.watch(model, on_finding=self._hear, **options)
        self._sources.append(watch)
        self._models.append(model)
        return Watched(self, watch)

    def record(self, model: Any, step: int) -> None:
        """`tb_bnplugin.summary.batch_norm`, and one call."""
        if self.watched:
            with self.writing():
                tb_bnplugin.summary.batch_norm(model, step=step)
            if not any(known is model for known in self._models):
                self._sources.append(tb_bnplugin.watch(model, on_finding=self._hear))
                self._models.append(model)
        self.call()

    def loss_reduction(
        self,
        loss: Any,
        y_true: Any,
        y_pred: Any,
        *,
        step: int,
        value: Any = None,
        name: str = "loss",
        **options: Any,
    ) -> None:
        """`tb_bnplugin.summary.loss_reduction`."""
        if self.watched:
            with self.writing():
                tb_bnplugin.summary.loss_reduction(
                    loss, y_true, y_pred, value=value, name=name, step=step, **options
                )

    def probe(self, model: Any, x: Any, y: Any, *, step: int, loss: Any = None) -> None:
        """`tb_bnplugin.summary.probe`."""
        if self.watched:
            with self.writing():
                tb_bnplugin.summary.probe(model, x, y, loss=loss, step=step)

    @contextmanager
    def run(self, name: str) -> Iterator[None]:
        """What is written within goes to a run of this name, for programs that make several."""
        before, self._run = self._run, name
        try:
            yield
        finally:
            self._run = before

    def folder_of(self, run: str) -> str:
        """Folder of the log of a run; "" where nothing is watched."""
        return "" if self._folder is None else str(self._folder / run)

    def evidence(self, predicate: Callable[[], Any]) -> None:
        """Names what shows the fault by independent means, such as numpy on the variables."""
        self._evidence = predicate

    def faulty(self, condition: Any, text: str) -> None:
        """A proof that the fault is there."""
        self.proofs.append((text, bool(condition)))

    def healthy(self, condition: Any, text: str) -> None:
        """A proof that the program trains well."""
        self.proofs.append((text, bool(condition)))

    def accurate(self, accuracy: float) -> None:
        """A proof that the program trains well: its validation accuracy."""
        self.healthy(accuracy > 0.93, f"validation accuracy {accuracy:.3f} is above 0.93")

    def final(self, result: Any) -> None:
        """What must be the same bit for bit, watched or not: a model, or arrays."""
        self._finals += 1
        for value in _arrays(result):
            array = np.ascontiguousarray(value)
            self._digest.update(f"{array.dtype}{array.shape}".encode())
            self._digest.update(array.tobytes())

    # What the harness uses ---------------------------------------------------------------------

    @property
    def digest(self) -> str | None:
        """Hash of all that was handed to `final`; None where nothing was."""
        return self._digest.hexdigest() if self._finals else None

    @property
    def lateness(self) -> int | None:
        """Calls from the evidence to the finding; None without either."""
        if self.evidence_call is None or self.found_call is None:
            return None
        return max(0, self.found_call - self.evidence_call)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Makes the writer of the run the default one, where the program is watched."""
        with ExitStack() as stack:
            if self.watched:
                import tensorflow as tf

                if self._run not in self._writers:
                    folder = f"{self.folder_of(self._run)}/train"
                    self._writers[self._run] = tf.summary.create_file_writer(folder)
                stack.enter_context(self._writers[self._run].as_default())
            yield

    def call(self) -> None:
        """One call: looks at the evidence, and from then on at what was found."""
        self.calls += 1
        if self.evidence_call is None and self._evidence is not None and bool(self._evidence()):
            self.evidence_call = self.calls
        if not self.watched or not self._expected:
            return
        if self.evidence_call is None or self.found_call is not None:
            return
        if any(finding.code in self._expected for finding in self._findings()):
            self.found_call = self.calls

    def finish(self) -> None:
        """The program is over: nothing is watched any more, and all writers are closed."""
        for source in self._sources:
            if hasattr(source, "close"):
                source.close()
        for writer in self._writers.values():
            writer.close()

    def _hear(self, finding: Any) -> None:
        self.told.add((finding.code, finding.severity))

    def _findings(self) -> Iterator[Any]:
        for source in self._sources:
            found = source.findings
            yield from found() if callable(found) else found

    def _own_callback(self) -> Any:
        bench = self

        class Calls(self.keras.callbacks.Callback):  # type: ignore[name-defined]
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                bench.call()

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                bench.call()

            def on_test_end(self, logs: Any = None) -> None:
                bench.call()

            def on_predict_end(self, logs: Any = None) -> None:
                bench.call()

        return Calls()


class Watched:
    """A watched model, or one that is not: the methods are the same."""

    def __init__(self, bench: Bench, watch: Any) -> None:
        self._bench = bench
        self._watch = watch

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Marks an evaluation loop; its end is one call."""
        with self._bench.writing(), ExitStack() as stack:
            if self._watch is not None:
                stack.enter_context(self._watch.evaluating())
            yield
        self._bench.call()

    def findings(self) -> tuple[Any, ...]:
        """What is wrong by now; nothing where nothing is watched."""
        return () if self._watch is None else self._watch.findings()

    def outcomes(self) -> tuple[Any, ...]:
        """What every rule says by now; nothing where nothing is watched."""
        return () if self._watch is None else self._watch.outcomes()

    def close(self) -> None:
        """Ends the watching."""
        if self._watch is not None:
            self._watch.close()


def _arrays(result: Any) -> Iterator[Any]:
    if hasattr(result, "get_weights"):
        yield from result.get_weights()
    elif isinstance(result, dict):
        for value in result.values():
            yield from _arrays(value)
    elif isinstance(result, (list, tuple)):
        for value in result:
            yield from _arrays(value)
    else:
        yield result
