"""`tb_bnplugin.watch`: counts the modes of a model's layers, for training loops of one's own."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import tensorflow as tf

from tb_bnplugin.diagnose import COMPARISONS, RULES, Outcome
from tb_bnplugin.keras.calls.run_context import run_context
from tb_bnplugin.keras.watched_model import WatchedModel, watch_model
from tb_bnplugin.schema.records import Record
from tb_bnplugin.training.live import LiveHistory
from tb_bnplugin.training.notify import Alertness, Notifier, OnFinding, check_on_finding
from tb_bnplugin.training.run import log_of_writer, write
from tb_bnplugin.training.summary_state import current_writer


class Watch:
    """A watched model. Also a context manager, which closes at its end.

    Example:
        with tb_bnplugin.watch(model) as watch:
            train(model)
            for finding in watch.findings():
                print(finding.code, finding.message)
    """

    def __init__(self, model_watch: WatchedModel, on_finding: OnFinding = "ignore") -> None:
        self._watch = model_watch
        self._live = _live_history(model_watch)
        self._teller = Notifier(on_finding, self._live)
        self._alertness = Alertness()
        if on_finding != "ignore":
            model_watch.afterwards.append(self._tell)

    @property
    def name(self) -> str:
        """Name of the model in the log."""
        return self._watch.name

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Marks an evaluation loop of one's own: what runs within is evaluation, not training.

        Example:
            with watch.evaluating():
                for x, y in validation:
                    accuracy.update_state(y, model(x, training=False))
        """
        before = run_context().set(1)
        try:
            yield
        finally:
            run_context().set(before)
            if tf.executing_eagerly():  # within a traced function, what runs is told all the same
                self._end_evaluation()

    def findings(self) -> tuple[Outcome, ...]:
        """What is wrong by now: the same rules as for a log, on what was recorded so far."""
        if not self._watch.closed:
            self._record("on_demand")
        return self._live.findings()

    def outcomes(self) -> tuple[Outcome, ...]:
        """What every rule says by now, with what passed and what could not be checked."""
        if not self._watch.closed:
            self._record("on_demand")
        return self._live.outcomes()

    def ledger(self) -> str:
        """In which modes each layer ran by now, why, and what its statistics did, as text."""
        if not self._watch.closed:
            self._record("on_demand")
        return self._live.ledger()

    def close(self) -> None:
        """Gives the layers their own `call` back. Functions traced before stay as they are."""
        if not self._watch.closed:
            self._watch.close()
            self._teller.tell(ended=True)

    def _tell(self) -> None:
        if self._alertness.is_due(self._watch.last_step, self._watch.news()):
            self._teller.tell()

    def __enter__(self) -> Watch:  # noqa: PYI034  # typing.Self needs Python 3.11
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _end_evaluation(self) -> None:
        self._watch.evaluations += 1
        try:
            self._record("evaluation")
        except Exception as error:  # noqa: BLE001  # whatever it is, the loop goes on
            warnings.warn(
                "tb_bnplugin could not record the end of an evaluation, which goes on unchanged:"
                f" {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=4,
            )
        self._watch.announce()

    def _record(self, reason: str) -> None:
        watch, step = self._watch, self._watch.last_step
        given = tf.summary.experimental.get_step()
        if isinstance(given, int):
            step = max(step, given)
        writer = None if reason == "on_demand" else current_writer()
        if writer is None or not tf.executing_eagerly():
            self._publish(watch.snapshot(step, reason), step)
            return
        log = log_of_writer(writer)
        log.register(watch)
        records = watch.snapshot(step, reason)
        if bool(tf.summary.should_record_summaries()):
            log.attempt(writer, lambda: write(writer, log.complete(watch, list(records), step)))
        self._publish(records, step)

    def _publish(self, records: Sequence[Record], step: int) -> None:
        self._watch.publish([*records, *self._watch.documents(step)])


_live: weakref.WeakKeyDictionary[WatchedModel, LiveHistory] = weakref.WeakKeyDictionary()


def _live_history(watch: WatchedModel) -> LiveHistory:
    """What was recorded of a model in this process, shared by all who watch it."""
    known = _live.get(watch)
    if known is None:
        known = _live[watch] = LiveHistory()
        watch.listeners.append(known.add)
    return known


def watch(model: Any, *, expect: Sequence[str] = (), on_finding: OnFinding = "warn") -> Watch:
    """Counts, from now on, in which mode each batch normalization layer of `model` runs.

    Call it before the training step is traced: what a `tf.function` traced earlier runs is not
    counted. The counters cost less than one percent of a step, and nothing is changed in what
    the layers compute.

    Args:
        model: a Keras 3 model (on the TensorFlow backend) or a tf_keras model. It need not be
            built: layers that come later are found when a record is made.
        expect: codes of rules whose findings are meant here, such as ("BN104",) where
            statistics adapt to test data. They are recorded, shown as expected, and fail no check.
        on_finding: what happens at the first error or warning of each rule, when a record is made:
            "warn" prints it in one line, "ignore", or a callable that takes the finding.

    Returns:
        A `Watch`, with `findings()`, `ledger()`, `evaluating()` and `close()`.

    Raises:
        TypeError: `model` is no Keras model.
        ValueError: `expect` holds an unknown code, or `on_finding` is none of the above.
    """
    check_on_finding(on_finding, ("warn", "ignore"))
    return Watch(watch_model(model, expect=check_codes(expect)), on_finding)


def check_codes(expect: Sequence[str]) -> tuple[str, ...]:
    """The rule codes in `expect`; raises for anything that is none."""
    if isinstance(expect, (str, bytes)) or not isinstance(expect, Iterable):
        raise TypeError(
            f'expect must be a sequence of rule codes such as ("BN101",); received {expect!r}'
        )
    expect = tuple(expect)
    known = [rule.RULE.code for rule in (*RULES, *COMPARISONS)]
    for code in expect:
        if code not in known:
            raise ValueError(
                f"expect holds {code!r}, which is no rule code; the codes are {', '.join(known)}"
            )
    return expect
