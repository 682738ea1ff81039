"""The work of a fit's hooks: the clock of the steps, and the records that are due."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tb_bnplugin.keras.calls.run_context import run_context
from tb_bnplugin.keras.probe import run as probing
from tb_bnplugin.keras.probe.held_batch import take_validation_batch, validation_adapter
from tb_bnplugin.keras.recalibration import writing
from tb_bnplugin.keras.variables import read_count
from tb_bnplugin.measure.reading import Reading
from tb_bnplugin.schedule import Frequency, Schedule, from_frequency
from tb_bnplugin.training.fit_target import FitTarget
from tb_bnplugin.training.in_logs import found_so_far
from tb_bnplugin.training.live import LiveHistory
from tb_bnplugin.training.notify import Notifier, OnFinding
from tb_bnplugin.training.publisher import Extra
from tb_bnplugin.training.queue import work_queue
from tb_bnplugin.training.recorder import Recorder, watch_model

Loop = Literal["evaluate", "predict"]


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """The arguments of the callback, checked."""

    update_freq: Frequency
    channel_freq: Frequency
    probe_data: tuple[Any, ...] | Literal["validation"] | None  # (x, y) or (x, y, sample_weight)
    probe_freq: Frequency
    on_finding: OnFinding
    expect: tuple[str, ...]
    source: bool
    in_logs: bool


class FitRecorder:
    """Records one model while `fit` trains it."""

    def __init__(self, model: Any, target: FitTarget, options: FitOptions) -> None:
        self._model = model
        self._target = target
        self._options = options
        given = options.probe_data
        self._held: tuple[Any, ...] | None = None if isinstance(given, str) else given
        self.recorder: Recorder = watch_model(
            model, expect=options.expect, all_traces=False, source=options.source
        )
        self.recorder.observer.trained_by_fit(probe_data=options.probe_data is not None)
        self.notifier = Notifier(options.on_finding, self.recorder)
        self._updates: Schedule = from_frequency(options.update_freq)
        self._channels: Schedule = from_frequency(options.channel_freq)
        self._probes: Schedule = from_frequency(options.probe_freq)
        self._clock = _Clock(model)
        self._traces = 0
        self._context_before = 0
        self._loop = _Loop(self.recorder)
        self._losses_due = False
        self._epoch_ended = False  # and nothing was done since
        self.recorder.listen(self.notifier)

    def is_of(self, model: Any) -> bool:
        """Return True where this records `model`, which is still watched."""
        return self._model is model and not self.recorder.closed

    @property
    def history(self) -> LiveHistory | None:
        """The records of this model in the run; None before the first loop."""
        opened = self._target.was_opened and self.recorder.run is self._target.run
        return self.recorder.live if opened else None

    def prepare(self) -> None:
        """A `fit`, an evaluation or a prediction is about to make its function."""
        self.recorder.watched.gradients.begin_fit(self._model)

    def release(self) -> None:
        """Another model follows: this one is judged no more."""
        self.recorder.ignore(self.notifier)

    def begin_training(self, verbose: Any = 0) -> None:
        """Begin a new phase of the run. `verbose`: of `fit`."""
        self.notifier.console.begin(verbose)
        self.notifier.begin()
        self._target.open()
        run = self._target.run
        self.recorder.use(run)
        self.recorder.watched.lines.begin("fit", sys._getframe(1))
        self.recorder.begin_fit(run.last_step + 1)
        self.recorder.last_target = self._target.present
        self._clock = _Clock(self._model)
        self._losses_due = True
        run_context().set(0)

    def end_batch(self, batch: int) -> None:
        """Count the steps made, and record what is due."""
        run, recorder = self._target.run, self.recorder
        self.notifier.console.open_bar()
        self._epoch_ended = False
        step = run.last_step + self._clock.advance(batch)
        run.reach(step)
        traces = recorder.watched.traces()
        due = self._updates.is_due(step)
        if due or traces != self._traces:
            self._traces = traces
            self._record(step, "cadence" if due else "trace")
        extras = []
        if self._channels.is_due(step):
            extras += recorder.channels()
        if self._probes.is_due(step):
            extras += self._probe()
        elif self._losses_due and self._options.probe_freq == "epoch":
            extras += [*self._losses(), *self._gradient()]  # what is wrong is so at once
        self._losses_due = False
        if extras:
            recorder.add(extras, step, self._target.present, wait=self.notifier.concerns_training)

    def end_epoch(self, epoch: int, logs: Any = None) -> None:
        """Record the epoch's place on the step axis, and all that is made once an epoch.

        Args:
            epoch: index.
            logs: of the epoch, as Keras shows them; takes the numbers of findings where asked for.
        """
        self._clock.begin_epoch()
        recorder, step = self.recorder, self._target.run.last_step
        if self._options.probe_freq == "epoch":
            probed = self._probe()
            if probed:
                recorder.add(
                    probed, step, self._target.present, wait=self.notifier.concerns_training
                )
        extras = [
            Extra(kind="epoch", value=np.asarray(epoch, np.int64)),
            *_logged(recorder, self._model, logs),
        ]
        if self._options.channel_freq == "epoch":
            extras += recorder.channels()
        self._record(step, "epoch", extras)
        self._epoch_ended = True
        self._finish(ended=False)
        if self._options.in_logs and isinstance(logs, dict):
            logs.update(found_so_far(recorder.outcomes()))
        self.notifier.console.close_bar()

    def end_training(self) -> None:
        """Make the last record of this fit; a run folder of our own is closed."""
        run_context().set(0)
        work_queue().finish()
        if self._target.is_open or not self._epoch_ended:
            self._record(self._target.run.last_step, "end")
        self._finish(ended=True)
        self.notifier.conclude()
        self.recorder.observer.end_fit()
        self._target.close()

    def abandon(self) -> None:
        """Something failed: a next fit begins with a new writer, and writes all facts again."""
        with contextlib.suppress(Exception):  # a warning, say, that the program made an error
            work_queue().finish()  # what failed beside the training is told before it ends
        run_context().set(0)  # the end of a loop that began will not be noticed
        self.recorder.observer.end_fit()
        self._target.abandon()

    def begin_loop(self, loop: Loop) -> None:
        """An evaluation or a prediction begins: traces made before are told, too."""
        if loop == "evaluate" and self._held is None and self._options.probe_data is not None:
            self.recorder.guard.attempt("probe", self._hold_validation)
        self._loop.begin()
        writing.listen(self._model, self._loop)
        self._context_before = run_context().set(1 if loop == "evaluate" else 2)

    def end_loop(self, loop: Loop, *, ended: bool, verbose: Any = 0) -> None:
        """Record at once what an evaluation or a prediction changed.

        Args:
            loop: that ended.
            ended: no fit goes on around it.
            verbose: of the evaluation or prediction, where no fit goes on.
        """
        if ended:
            self.notifier.console.begin(verbose)
            self.notifier.console.open_bar()
        run_context().set(self._context_before)
        writing.listen(self._model, None)
        self.recorder.observer.end_loop(loop, self._loop.began)
        if not self._target.was_opened:  # before any fit: what it ran is recorded all the same
            if not self._target.is_known:
                return
            self._target.open()
            self.recorder.use(self._target.run)
        work_queue().finish()
        self._record(self._target.run.last_step, "evaluation")
        self._finish(ended=ended)
        if ended:
            self.recorder.watched.end_fit()
            self._target.close()

    def _record(self, step: int, reason: str, extras: list[Extra] | None = None) -> None:
        target = self._target.present
        judge = reason in ("cadence", "trace")  # at the end of a loop all is judged anyway
        self.recorder.record(
            step,
            reason,
            target,
            extras=extras or [],
            wait=self.notifier.concerns_training,
            judge=judge,
        )
        self._updates.done(step)

    def _finish(self, *, ended: bool) -> None:
        """All that was handed over is written, and judged."""
        work_queue().finish()
        self._target.flush(self.recorder.name)
        self.notifier.search(ended=ended)

    def _probe(self) -> list[Extra]:
        """Loss, metrics and spread of the held batch; [] without one, or where it failed."""
        result = self.recorder.guard.attempt("probe", self._run_probe)
        probed = [] if result is None else self.recorder.observer.probe(result)
        return [*probed, *self._losses(), *self._gradient()]

    def _hold_validation(self) -> None:
        """Take the first batch of the arrays that this fit validates on."""
        adapter = validation_adapter(self._model)
        self._held = take_validation_batch(adapter)
        if self._held is None and adapter is not None:
            why = "fit validates on no arrays with labels: give probe_data one batch"
            self.recorder.guard.note("probe", "validation data", why)

    def _run_probe(self) -> probing.ProbeResult | None:
        if self._held is None:
            return None
        x, y, weight = (*self._held, None)[:3]
        attempt = self.recorder.guard.attempt
        return probing.run(self._model, x, y, sample_weight=weight, attempt=attempt)

    def _losses(self) -> list[Extra]:
        """How the compiled losses are reduced, measured on the held batch; [] without one."""
        return self.recorder.guard.attempt("losses", self._measure_losses) or []

    def _gradient(self) -> list[Extra]:
        """The gradient of what a `train_step` of the model's own differentiates; [] of Keras'."""
        measured = self.recorder.watched.gradients.at_predictions()
        return [] if measured is None else [Extra(kind="gradient", value=measured, name="loss")]

    def _measure_losses(self) -> list[Extra]:
        if self._held is None:
            return []
        x, y, weight = (*self._held, None)[:3]
        guard = self.recorder.guard
        measured = probing.measure_compiled_loss(
            self._model, x, y, weight, lambda name, why: guard.note("losses", name, why)
        )
        return [self.recorder.observer.loss(vector, facts) for vector, facts in measured]


class _Loop:
    """The state of the model when an evaluation or a prediction began."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.began: Reading | None = None

    def begin(self) -> None:
        """Compare the end of the loop with this moment."""
        self.began = self._recorder.reader().read()

    def statistics_written(self) -> None:
        """A recalibration is not of the loop."""
        self.begin()


class _Clock:
    """Counts the steps that a fit makes, by the optimizer's iterations where they advance."""

    def __init__(self, model: Any) -> None:
        self._optimizer = getattr(model, "optimizer", None)
        self._iterations = self._read_iterations()
        self._batch = -1

    def begin_epoch(self) -> None:
        """Keras counts batches from 0 again."""
        self._batch = -1

    def advance(self, batch: int) -> int:
        """The steps made since the batch before. `batch`: index in the epoch."""
        iterations = self._read_iterations()
        made, self._iterations = iterations - self._iterations, iterations
        batches, self._batch = batch - self._batch, batch
        # A custom train_step may use other optimizers: then the batches are the steps.
        return made if made > 0 else max(batches, 1)

    def _read_iterations(self) -> int:
        iterations = getattr(self._optimizer, "iterations", None)
        return 0 if iterations is None else read_count(iterations)


def _logged(recorder: Recorder, model: Any, logs: Any) -> list[Extra]:
    """The loss that Keras shows, where the step is the program's own."""
    value = recorder.watched.gradients.logged(model, logs)
    return [] if value is None else [Extra(kind="gradient", value=value, name="logged")]
