"""`tb_bnplugin.watch`: counts the modes of a model's layers, for training loops of one's own."""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.diagnose import check_codes
from tb_bnplugin.diagnose.views.answers import Findings, LedgerText, Outcomes
from tb_bnplugin.keras.calls.run_context import run_context
from tb_bnplugin.keras.optimizers.description import check_optimizers
from tb_bnplugin.training import live
from tb_bnplugin.training.notify import Notifier, OnFinding, check_on_finding
from tb_bnplugin.training.publisher import Target
from tb_bnplugin.training.recorder import Recorder, watch_model
from tb_bnplugin.training.run import run_of_writer
from tb_bnplugin.training.summary_state import current_writer
from tb_bnplugin.training.writer import flush_or_warn, is_closed


class Watch:
    """A watched model. Also a context manager, which closes at its end.

    Example:
        with tb_bnplugin.watch(model) as watch:
            train(model)
            for finding in watch.findings():
                print(finding.code, finding.message)
    """

    def __init__(self, recorder: Recorder, on_finding: OnFinding = "ignore") -> None:
        self._recorder = recorder
        self._notifier = Notifier(on_finding, recorder)
        if callable(on_finding):
            recorder.listen(self._notifier)
        elif on_finding != "ignore":
            self._notifier = _teller(recorder, self._notifier)

    @property
    def name(self) -> str:
        """Name of the model in the log."""
        return self._recorder.name

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Mark an evaluation loop of one's own: what runs within is evaluation, not training.

        Example:
            with watch.evaluating():
                for x, y in validation:
                    accuracy.update_state(y, model(x, training=False))
        """
        recorder, eager, began = self._recorder, tf.executing_eagerly(), None
        if eager and not recorder.closed:
            began = recorder.guard.attempt("recording", lambda: recorder.reader().read())
        before = run_context().set(1)
        try:
            yield
        finally:
            run_context().set(before)
            if eager:  # within a traced function, what runs is told all the same
                recorder.observer.end_loop("evaluate", began)
                self._record("evaluation")

    def findings(self) -> Findings:
        """The findings so far, by the rules that `tb_bnplugin.check` runs on a log."""
        return Findings(self.outcomes())

    def outcomes(self) -> Outcomes:
        """The outcome of every rule so far: a finding, ok, or not checked with the reason."""
        self._record("on_demand")
        return self._recorder.outcomes()

    def ledger(self) -> LedgerText:
        """The mode ledger so far, as text: how each layer was called, why, and what it did."""
        self._record("on_demand")
        return live.ledger_of(self._recorder.live)

    def close(self) -> None:
        """Give the layers their own `call` back. Functions traced before stay as they are."""
        recorder = self._recorder
        if not recorder.closed:
            self._record("end")
            recorder.close()
            _end(recorder, self._notifier)
            self._notifier.deliver()

    def __enter__(self) -> Watch:  # noqa: PYI034  # typing.Self needs Python 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _record(self, reason: str) -> None:
        recorder, target = self._recorder, None
        if recorder.closed or recorder.reference() is None:
            return
        writer = None if reason == "on_demand" else current_writer()
        if writer is not None and tf.executing_eagerly():
            run = run_of_writer(writer)
            recorder.use(run)
            if bool(tf.summary.should_record_summaries()):
                target = Target(run=run, writer=writer)
        elif reason == "end":
            target = recorder.last_target  # what `findings` says now is what `check` reads
            if target is not None and is_closed(target.writer):
                target = None
        recorder.watched.optimizers.search()
        step = recorder.last_step
        given = tf.summary.experimental.get_step()
        if isinstance(given, int):
            step = max(step, given)
        recorder.attempt_record(step, reason, target)
        if target is not None and reason == "end":
            flush_or_warn(target.writer, recorder.name)
        if reason != "on_demand":
            recorder.deliver()


_tellers: Final[weakref.WeakKeyDictionary[Recorder, weakref.ref[Notifier]]] = (
    weakref.WeakKeyDictionary()
)
"""Those of watches that are not closed, the oldest first; a recorder holds its own."""


def _teller(recorder: Recorder, made: Notifier) -> Notifier:
    """Who tells what a watch finds: one, where a model is watched again and again."""
    held = _tellers.get(recorder)
    known = None if held is None else held()
    if known is not None:
        return known
    recorder.listen(made)
    made.begin_loop(lambda: recorder.observer.in_fit)
    _tellers[recorder] = weakref.ref(made)
    return made


def _end(recorder: Recorder, notifier: Notifier) -> None:
    """The training is over: what stays is told, and the sum."""
    _tellers.pop(recorder, None)
    notifier.search(ended=True)
    notifier.conclude()


@atexit.register
def _end_all() -> None:
    """The program ends with watches that it did not close."""
    for recorder, held in list(_tellers.items()):
        if (notifier := held()) is not None:
            _end(recorder, notifier)


def watch(
    model: Any,
    *,
    optimizer: Any = None,
    expect: Sequence[str] = (),
    on_finding: OnFinding = "warn",
    source: bool = True,
) -> Watch:
    """Count, from now on, in which mode each batch normalization layer of `model` runs.

    Call it before the training step is traced: what a `tf.function` traced earlier runs is not
    counted. The counters cost less than one percent of a step, and nothing is changed in what
    the layers compute.

    Args:
        model: a Keras 3 model (on the TensorFlow backend) or a tf_keras model. It need not be
            built: layers that come later are found when a record is made.
        optimizer: that trains the model, or a list of several. Where it is not given, the loop's
            own is found by the ops if it is a Keras optimizer within their reach (a variable, a
            closure, an attribute, a checkpoint). It is read, and nothing that it does is changed:
            while the watch lasts, what it is given is compared with what came back.
        expect: codes of rules whose findings are meant here, such as ("BN104",) where
            statistics adapt to test data. They are recorded, shown as expected, and fail no check.
        on_finding: what happens at the first error or warning of each rule, when a record is made:
            "warn" tells it in a line by the logger "tb_bnplugin", and in one each how the layers
            run, at the first record of a training, and what was found, as the watch is closed;
            "ignore", or a callable that takes the finding.
        source: record the lines of the program that call the model, with three lines before and
            after each. False records none.

    Returns:
        A `Watch`, with `findings()`, `outcomes()`, `ledger()`, `evaluating()` and `close()`.

    Raises:
        TypeError: `model` is no Keras model, or `optimizer` no optimizer.
        ValueError: `expect` holds an unknown code, or `on_finding` is none of the above.
    """
    check_on_finding(on_finding, ("warn", "ignore"))
    given = () if optimizer is None else check_optimizers(optimizer)
    recorder = watch_model(model, expect=check_codes(expect), source=source)
    recorder.watched.lines.begin("watch", sys._getframe(1))
    if given:
        recorder.watched.optimizers.give(given)
    recorder.watched.gradients.begin_loop(model, given)
    return Watch(recorder, on_finding)
