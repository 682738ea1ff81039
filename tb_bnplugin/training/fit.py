"""What a fit's hooks do: the clock of the steps, the records that are due, and where they go."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.calls.run_context import run_context
from tb_bnplugin.keras.losses.observe import observe
from tb_bnplugin.keras.model.trainable import replaced_by_fit
from tb_bnplugin.keras.probe import run as probe
from tb_bnplugin.keras.variables import local
from tb_bnplugin.keras.watched_model import WatchedModel, watch_model
from tb_bnplugin.schema.records import Metadata, Record
from tb_bnplugin.training.notify import Alertness
from tb_bnplugin.training.run import RunLog, log_of_directory, write
from tb_bnplugin.training.schedule import Cadence, Frequency

Loop = Literal["evaluate", "predict"]


@dataclass(frozen=True, kw_only=True)
class RunTarget:
    """Where a run's records go: a folder of its own, or the train run of a TensorBoard callback."""

    directory: str | None
    callback: Any = None

    @classmethod
    def folder(cls, directory: str) -> RunTarget:
        """A run folder; raises OSError when it cannot be made or written."""
        try:
            tf.io.gfile.makedirs(directory)
            if "://" not in directory and not os.access(directory, os.W_OK):
                raise PermissionError(f"{directory!r} is not writable")
        except (OSError, tf.errors.OpError) as error:
            raise OSError(
                f"log_dir: the folder {directory!r} cannot be made or written ({error});"
                " give a folder that this user may write"
            ) from error
        return cls(directory=directory)

    @classmethod
    def tensorboard(cls, callback: Any) -> RunTarget:
        """The train run of Keras' TensorBoard callback."""
        return cls(directory=None, callback=callback)

    @property
    def is_known(self) -> bool:
        """Whether the folder is known: a TensorBoard callback knows it from its first loop on."""
        return self.directory is not None or hasattr(self.callback, "_train_dir")

    def run_directory(self) -> str:
        """The run's folder; a TensorBoard callback knows it once `fit` has given it the model."""
        if self.directory is not None:
            return self.directory
        if not hasattr(self.callback, "_train_dir"):
            raise RuntimeError(
                "the TensorBoard callback given as log_dir is not among the callbacks of this fit;"
                " pass both: callbacks=[tensorboard, BatchNormCallback(tensorboard)]"
            )
        return str(self.callback._train_dir)


class FitRecorder:
    """Makes the records of one model while `fit` trains it."""

    def __init__(
        self,
        *,
        target: RunTarget,
        update_freq: Frequency,
        channel_freq: Frequency,
        probe_data: tuple[Any, ...] | None,
        probe_freq: Frequency,
        expect: Sequence[str],
        publish: Callable[[Sequence[Record]], None],
    ) -> None:
        self._target = target
        self._cadence = Cadence(update_freq)
        self._channel_freq = channel_freq
        self._channel_cadence = Cadence(channel_freq)
        self._probe_data = probe_data
        self._probe_freq = probe_freq
        self._probe_cadence = Cadence(probe_freq)
        self._expect = expect
        self._publish = publish
        self._model: Any = None
        self._watch: WatchedModel | None = None
        self._log: RunLog | None = None
        self._own_writer: Any = None
        self._optimizer: Any = None
        self._iterations = 0
        self._batch = -1
        self._traces = 0
        self._context_before = 0
        self._alertness = Alertness()
        self._losses_due = False

    def watch(self, model: Any) -> None:
        """Begins to watch the model, before its training step is traced."""
        self._model = model
        self._watch = watch_model(model, expect=self._expect, all_traces=False)
        self._watch.trained_by = "fit"

    @property
    def _watching(self) -> WatchedModel:
        assert self._watch is not None, "watch() comes first"
        return self._watch

    def begin_training(self) -> None:
        """A new phase of the run."""
        watch = self._watching
        first = not any(phase.reason in ("fit", "compile") for phase in watch.phases)
        self._open_log()
        assert self._log is not None
        if watch.observer is None:
            watch.observer = observe(self._model)
        else:
            watch.observer.refresh()
        watch.want_all_traces("fit", wanted=True)
        self._optimizer = getattr(self._model, "optimizer", None)
        compiled = not first and self._optimizer is not watch.fitted_with
        watch.fitted_with = self._optimizer
        watch.trainable_replaced = replaced_by_fit(self._model)
        watch.begin_phase(self._log.last_step + 1, "compile" if compiled else "fit")
        phase, observer = len(watch.phases), watch.observer
        watch.losses = lambda: observer.losses(phase)
        watch.metrics = lambda: observer.metrics(phase)
        watch.rescan()
        watch.reader()  # what later records are compared with
        self._iterations = self._read_iterations()
        self._batch = -1
        if self._target.callback is None:
            self._writer()  # made before the first step, not within it
        self._losses_due = True
        run_context().set(0)

    def _open_log(self) -> None:
        self._log = log_of_directory(self._target.run_directory())
        self._log.register(self._watching)

    def end_batch(self, batch: int) -> bool:
        """Counts the steps made, records what is due; says whether to look for findings."""
        assert self._log is not None
        step = self._log.last_step + self._steps_made(batch)
        self._log.reach(step)
        traces = self._watching.traces()
        due = self._cadence.is_due(step)
        recorded = due or traces != self._traces
        if recorded:
            self._traces = traces
            self._record(step, "cadence" if due else "trace")
        if self._channel_cadence.is_due(step):
            self._write([self._watching.channels(step)])
        if self._probe_cadence.is_due(step):
            self._probe(step)
        elif self._losses_due and self._probe_freq == "epoch":
            self._write(self._loss_records(step))  # what is wrong with a loss is so at once
        self._losses_due = False
        return recorded and self._alertness.is_due(step, self._watching.news())

    def end_epoch(self, epoch: int) -> None:
        """Records the epoch's place on the step axis, and all that is made once an epoch."""
        assert self._log is not None
        watch, step = self._watching, self._log.last_step
        self._batch = -1
        if self._probe_freq == "epoch":
            self._probe(step)
        self._record(step, "epoch")
        ended = Record(
            metadata=Metadata(kind="epoch", model=watch.name),
            step=step,
            wall_time=time.time(),
            value=np.asarray(epoch, np.int64),
        )
        records = [ended]
        if self._channel_freq == "epoch":
            records.append(watch.channels(step))
        self._write(records)
        self._flush()

    def end_training(self) -> None:
        """The last record of this fit; a run folder of our own is closed."""
        assert self._log is not None
        run_context().set(0)
        self._watching.want_all_traces("fit", wanted=False)
        if not self._is_closed():
            self._record(self._log.last_step, "end")
            self._flush()
        self._watching.trainable_replaced.clear()
        if self._own_writer is not None:
            self._own_writer.close()
            self._own_writer = None

    def abandon(self) -> None:
        """Something failed: a next fit begins with a new writer, and writes all facts again."""
        self._own_writer = None
        run_context().set(0)  # the end of a loop that began will not be noticed
        if self._watch is not None:
            self._watch.want_all_traces("fit", wanted=False)
        if self._log is not None:
            self._log.forget_documents()

    def begin_loop(self, loop: Loop) -> None:
        """An evaluation or a prediction begins: traces made before are told, too."""
        self._context_before = run_context().set(1 if loop == "evaluate" else 2)

    def end_loop(self, loop: Loop) -> None:
        """It ended; what it changed is recorded at once."""
        run_context().set(self._context_before)
        watch = self._watching
        if loop == "evaluate":
            watch.evaluations += 1
        else:
            watch.predictions += 1
        if self._log is None:  # before any fit: what it ran is told all the same
            if not self._target.is_known:
                return
            self._open_log()
            watch.rescan()
        assert self._log is not None
        if not self._is_closed():
            self._record(self._log.last_step, "evaluation")
            self._flush()

    def _steps_made(self, batch: int) -> int:
        iterations = self._read_iterations()
        made, self._iterations = iterations - self._iterations, iterations
        batches, self._batch = batch - self._batch, batch
        # A custom train_step may use other optimizers: then the batches are the steps.
        return made if made > 0 else max(batches, 1)

    def _read_iterations(self) -> int:
        iterations = getattr(self._optimizer, "iterations", None)
        return 0 if iterations is None else int(local(iterations))

    def _record(self, step: int, reason: str) -> None:
        assert self._log is not None
        watch = self._watching
        records = self._log.complete(watch, watch.snapshot(step, reason), step)
        self._cadence.made(step)
        self._write(records)

    def _probe(self, step: int) -> None:
        if self._probe_data is None:
            return
        x, y, weight = (*self._probe_data, None)[:3]
        vector, static = probe.pack(probe.run(self._model, x, y, sample_weight=weight))
        probed = self._probe_record("probe", "", self._watching.name, step, vector, static)
        self._write([probed, *self._loss_records(step)])

    def _loss_records(self, step: int) -> list[Record]:
        """How the compiled losses are reduced, measured on the held batch; [] without one."""
        if self._probe_data is None:
            return []
        x, y, weight = (*self._probe_data, None)[:3]
        return [
            self._probe_record("loss", name, self._watching.name, step, vector, static)
            for name, vector, static in probe.measure_compiled_loss(self._model, x, y, weight)
        ]

    @staticmethod
    def _probe_record(
        kind: Any, name: str, model: str, step: int, vector: Any, static: dict[str, Any]
    ) -> Record:
        metadata = Metadata(
            kind=kind, model=model, name=name, static_json=json.dumps(static).encode()
        )
        return Record(metadata=metadata, step=step, wall_time=time.time(), value=vector)

    def _write(self, records: Sequence[Record]) -> None:
        write(self._writer(), records)
        self._publish(records)
        self._watching.publish(records)

    def _writer(self) -> Any:
        if self._target.callback is not None:
            return self._target.callback._train_writer
        if self._own_writer is None:
            self._own_writer = tf.summary.create_file_writer(self._target.run_directory())
        return self._own_writer

    def _flush(self) -> None:
        self._writer().flush()

    def _is_closed(self) -> bool:
        """Whether the writer is the TensorBoard callback's, which has closed it before us."""
        callback = self._target.callback
        if callback is None:
            return False
        if not getattr(callback, "_writers", None):
            return True
        return bool(getattr(callback._train_writer, "_closed", False))
