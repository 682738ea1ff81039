"""The callback for `fit`: records, runs the rules as it goes, and tells an error once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from tb_bnplugin.diagnose import check_codes, never_began, stopped
from tb_bnplugin.diagnose.views.answers import Findings, LedgerText, Outcomes
from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.flavour import check_backend
from tb_bnplugin.keras.hooks import Hooks
from tb_bnplugin.keras.probe.held_batch import VALIDATION, take_batch
from tb_bnplugin.schedule import Frequency, check_frequency
from tb_bnplugin.training import live
from tb_bnplugin.training.fit import FitOptions, FitRecorder, Loop
from tb_bnplugin.training.fit_target import FitTarget
from tb_bnplugin.training.live import LiveHistory
from tb_bnplugin.training.notify import OnFinding, check_on_finding
from tb_bnplugin.training.queue import work_queue

if TYPE_CHECKING:
    from tb_bnplugin.preflights.report import PreflightReport

_ON_FINDING: Final = ("warn", "stop", "ignore")


class BatchNormCallback(Hooks):
    """Record batch normalization and loss reduction while `fit` trains.

    Works with Keras 3 (TensorFlow backend) and tf_keras alike, and is a `Callback` of each that is
    imported. A copy (KerasTuner makes one for each trial) records a run of its own, and what it
    finds is among the findings of the callback that was copied.

    Args:
        log_dir: a folder, in which the run `batch_norm` is written, or the Keras `TensorBoard`
            callback of the same `fit` (in either order in the list), whose train run then
            holds the records too.
        update_freq: when statistics and modes are recorded: "auto" (each step up to 200, then
            in growing gaps of 1 % of the step, at most 200), "batch", "epoch", or every N steps.
            Whatever it says, a record is also made after a new trace, an evaluation and an epoch.
        channel_freq: when per-channel vectors are recorded: "epoch", every N steps, or None.
        probe_data: one held batch, `(x, y)` or `(x, y, sample_weight)`. Turns the probes on:
            loss and metrics with moving and with batch statistics, and the measured loss
            reduction. `fit` shows a callback neither labels nor predictions. Of a dataset, a
            generator or a Keras `Sequence` the first batch is taken, at once: a generator has one
            less, and a dataset that shuffles anew at each iteration has drawn once.
            "validation": the first batch of the arrays that `fit` validates on. Datasets and
            generators of validation are left alone. A probe takes two to three passes of its
            batch, and log2(layers) + 8 more where both modes differ.
        probe_freq: when the probes run: "epoch" or every N steps.
        on_finding: what happens at the first error or warning of each rule: "warn" tells it in
            a line on the console, by the logger "tb_bnplugin", "stop" does, and stops `fit` at an
            error, "ignore" tells nothing, or a callable that takes the finding. Unless `fit` has
            verbose=0, a line at the start says how the layers ran, and one at the end what was
            found.
        expect: codes of rules whose findings are meant here, such as ("BN104",): recorded,
            shown as expected, never told.
        source: record the lines of the program that call the model, with three lines before and
            after each. False records none.
        in_logs: put the number of errors and of warnings so far into the `logs` of each epoch, as
            `batch_norm_errors` and `batch_norm_warnings`: for the history that `fit` returns, and
            for callbacks that stand behind this one (a logger, a checkpoint).
        preflight: before the first step of a `fit`, print what it will do, by a few steps that are
            taken back (`tb_bnplugin.preflight`): on `probe_data`, or on a batch of the arrays that
            `fit` trains on. `preflight_report` holds the newest report.

    Raises:
        TypeError, ValueError: an argument is wrong; the text names what was received.
        OSError: `log_dir` cannot be written.
        RuntimeError: Keras runs on another backend than TensorFlow.

    Example:
        tensorboard = keras.callbacks.TensorBoard("logs")
        model.fit(x, y, callbacks=[tensorboard, tb_bnplugin.BatchNormCallback(tensorboard)])
    """

    _chief_worker_only = True

    def __init__(
        self,
        log_dir: Any,
        *,
        update_freq: Frequency = "auto",
        channel_freq: Frequency = "epoch",
        probe_data: Any = None,
        probe_freq: Frequency = "epoch",
        on_finding: OnFinding = "warn",
        expect: Sequence[str] = (),
        source: bool = True,
        in_logs: bool = False,
        preflight: bool = False,
    ) -> None:
        check_backend()
        check_frequency("update_freq", update_freq, ("auto", "batch", "epoch"))
        check_frequency("channel_freq", channel_freq, ("epoch", "None"))
        check_frequency("probe_freq", probe_freq, ("epoch",))
        self._options = FitOptions(
            update_freq=update_freq,
            channel_freq=channel_freq,
            probe_data=_check_probe_data(probe_data),
            probe_freq=probe_freq,
            on_finding=check_on_finding(on_finding, _ON_FINDING),
            expect=check_codes(expect),
            source=bool(source),
            in_logs=bool(in_logs),
        )
        self.params: dict[str, Any] = {}
        self._target = _target(log_dir)
        self._fit: FitRecorder | None = None
        self._guard = Guard("the model")
        self._histories: list[LiveHistory] = []
        self._training = False
        self._abandoned = False
        self._preflight = bool(preflight)
        self.preflight_report: PreflightReport | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> BatchNormCallback:
        """A callback with the same options, for another model and another run."""
        made: BatchNormCallback = object.__new__(type(self))
        memo[id(self)] = made
        vars(made).update(vars(self))  # the histories are those of both
        made._target = self._target.copied(memo)
        made._model = made._fit = None
        made._guard = Guard("the model")
        return made

    def findings(self) -> Findings:
        """The findings so far, by the rules that `tb_bnplugin.check` runs on a log."""
        return Findings(self.outcomes())

    def outcomes(self) -> Outcomes:
        """The outcome of every rule so far: a finding, ok, or not checked with the reason."""
        work_queue().finish()
        found = live.outcomes_of(*self._histories)
        failure = self._guard.failures.get("recording")
        if failure is not None:
            return Outcomes((*(each for each in found if each.code != "RC101"), stopped(failure)))
        return found if self._histories else Outcomes((never_began(),))

    def ledger(self) -> LedgerText:
        """The mode ledger so far, as text: how each layer was called, why, and what it did."""
        work_queue().finish()
        return live.ledger_of(*self._histories)

    def set_params(self, params: dict[str, Any] | None) -> None:
        """Called by Keras with what `fit` was given."""
        self.params = params or {}

    def set_model(self, model: Any) -> None:
        """Called by Keras with the model that will be trained; begins to watch it."""
        self.model = model
        self._guard.restart()
        self._abandoned = False
        self._guard.attempt("recording", self._follow, model)

    def on_train_begin(self, logs: Any = None) -> None:
        """A fit begins: a new phase."""
        self._training = True
        if self._preflight:
            # a training without one imports nothing of it
            from tb_bnplugin.preflights.ahead import look_ahead

            options = self._options
            self.preflight_report = look_ahead(
                self.model, options.probe_data, expect=options.expect, source=options.source
            )
        self._attempt(lambda fit: fit.begin_training(self.params.get("verbose", 0)))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A step, or several of one execution, was made."""
        self._attempt(lambda fit: fit.end_batch(batch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """An epoch ended, its validation included."""
        self._attempt(lambda fit: fit.end_epoch(epoch, logs))

    def on_train_end(self, logs: Any = None) -> None:
        """The fit ended."""
        self._training = False
        self._attempt(lambda fit: fit.end_training())

    def on_test_begin(self, logs: Any = None) -> None:
        """An evaluation begins, of its own or as validation."""
        self._attempt(lambda fit: fit.begin_loop("evaluate"))

    def on_test_end(self, logs: Any = None) -> None:
        """An evaluation ended."""
        self._end_loop("evaluate")

    def on_predict_begin(self, logs: Any = None) -> None:
        """A prediction begins."""
        self._attempt(lambda fit: fit.begin_loop("predict"))

    def on_predict_end(self, logs: Any = None) -> None:
        """A prediction ended."""
        self._end_loop("predict")

    def _end_loop(self, loop: Loop) -> None:
        verbose = self.params.get("verbose", 0)
        ended = not self._training
        self._attempt(lambda fit: fit.end_loop(loop, ended=ended, verbose=verbose))

    def _follow(self, model: Any) -> None:
        """Watch the model, before its training step is traced."""
        if self._fit is None or not self._fit.is_of(model):
            if self._fit is not None:
                self._fit.release()
            self._fit = None
            self._fit = FitRecorder(model, self._target, self._options)
        self._guard = self._fit.recorder.guard
        self._guard.restart()
        self._fit.prepare()

    def _attempt(self, hook: Callable[[FitRecorder], None]) -> None:
        """Run a hook. What goes wrong on our side is one warning, and never ends the training."""
        fit = self._fit
        if fit is None:  # this model cannot be watched
            return
        self._guard.attempt("recording", hook, fit)
        if "recording" in self._guard.failures:  # now, or beside the training since the hook before
            if not self._abandoned:
                self._abandoned = True
                fit.abandon()
            return
        history = fit.history
        if history is not None and not any(history is known for known in self._histories):
            self._histories.append(history)
        if fit.recorder.deliver():
            self.model.stop_training = True


def _target(log_dir: Any) -> FitTarget:
    if isinstance(log_dir, str) and not log_dir:
        raise ValueError("log_dir must be a folder; received '' (the current folder is \".\")")
    if isinstance(log_dir, (str, os.PathLike)):
        folder = os.path.join(os.fspath(log_dir), "batch_norm")  # noqa: PTH118  # or a URL
        return FitTarget(directory=folder)
    names = [base.__name__ for base in type(log_dir).__mro__]
    if "TensorBoard" in names and hasattr(type(log_dir), "_train_writer"):
        return FitTarget(callback=log_dir)
    raise TypeError(
        "log_dir must be a folder (a str or a path) or the Keras TensorBoard callback of the"
        f" same fit; received {log_dir!r} ({type(log_dir).__name__})"
    )


def _check_probe_data(data: Any) -> tuple[Any, ...] | Literal["validation"] | None:
    if data is None:
        return None
    return "validation" if isinstance(data, str) and data == VALIDATION else take_batch(data)
