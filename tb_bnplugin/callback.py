"""The callback for `fit`: records, runs the rules as it goes, and tells an error once."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.training.fit import FitRecorder, RunTarget
from tb_bnplugin.training.live import LiveHistory
from tb_bnplugin.training.notify import Notifier, OnFinding, check_on_finding
from tb_bnplugin.training.schedule import Frequency, check_frequency
from tb_bnplugin.training.watch import check_codes

_ON_FINDING: Final = ("warn", "stop", "ignore")

_Result = TypeVar("_Result")


class BatchNormCallback:
    """Records batch normalization and loss reduction while `fit` trains.

    Works with Keras 3 (TensorFlow backend) and tf_keras alike, so it derives from neither's
    `Callback`; both take it in `callbacks=[...]`.

    Args:
        log_dir: a folder, in which the run `batch_norm` is written, or the Keras `TensorBoard`
            callback of the same `fit` (in either order in the list), whose train run then
            holds the records too.
        update_freq: when statistics and modes are recorded: "auto" (each step up to 50, then
            in growing gaps of 1 % of the step, at most 200), "batch", "epoch", or every N steps.
            Whatever it says, a record is also made after a new trace, an evaluation and an epoch.
        channel_freq: when per-channel vectors are recorded: "epoch", every N steps, or None.
        probe_data: one held batch, `(x, y)` or `(x, y, sample_weight)`. Turns the probes on:
            loss and metrics with moving and with batch statistics, and the measured loss
            reduction. `fit` shows a callback neither labels nor predictions.
        probe_freq: when the probes run: "epoch" or every N steps.
        on_finding: what happens at the first error or warning of each rule: "warn" prints it in
            one line, "stop" does, and stops `fit` at an error, "ignore", or a callable that takes
            the finding.
        expect: codes of rules whose findings are meant here, such as ("BN104",): recorded,
            shown as expected, never told.

    Raises:
        TypeError, ValueError: an argument is wrong; the text names what was received.
        OSError: `log_dir` cannot be written.

    Example:
        tensorboard = keras.callbacks.TensorBoard("logs")
        model.fit(x, y, callbacks=[tensorboard, tb_bnplugin.BatchNormCallback(tensorboard)])
    """

    # What both Keras' callback lists look for in a callback that is not their own.
    async_safe = False
    _supports_tf_logs = True
    _chief_worker_only = True

    def __init__(
        self,
        log_dir: Any,
        *,
        update_freq: Frequency = "auto",
        channel_freq: Frequency = "epoch",
        probe_data: Sequence[Any] | None = None,
        probe_freq: Frequency = "epoch",
        on_finding: OnFinding = "warn",
        expect: Sequence[str] = (),
    ) -> None:
        check_frequency("update_freq", update_freq, ("auto", "batch", "epoch"))
        check_frequency("channel_freq", channel_freq, ("epoch", "None"))
        check_frequency("probe_freq", probe_freq, ("epoch",))
        check_on_finding(on_finding, _ON_FINDING)
        self.params: dict[str, Any] = {}
        self.model: Any = None
        self._live = LiveHistory()
        self._teller = Notifier(on_finding, self._live)
        self._stopped = False
        self._training = False
        self._recorder = FitRecorder(
            target=_target(log_dir),
            update_freq=update_freq,
            channel_freq=channel_freq,
            probe_data=_check_probe_data(probe_data),
            probe_freq=probe_freq,
            expect=check_codes(expect),
            publish=self._live.add,
        )

    @property
    def findings(self) -> tuple[Outcome, ...]:
        """What is wrong so far: the same rules as for a log, on what was recorded so far."""
        return self._live.findings()

    def ledger(self) -> str:
        """In which modes each layer ran, why, and what its statistics did: the ledger, as text."""
        return self._live.ledger()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What every rule says so far, with what passed and what could not be checked."""
        return self._live.outcomes()

    def set_params(self, params: dict[str, Any] | None) -> None:
        """Called by Keras with what `fit` was given."""
        self.params = params or {}

    def set_model(self, model: Any) -> None:
        """Called by Keras with the model that will be trained; begins to watch it."""
        self.model = model
        self._stopped = False
        self._attempt(self._recorder.watch, model)

    def on_train_begin(self, logs: Any = None) -> None:
        """A fit begins: a new phase."""
        self._training = True
        self._attempt(self._recorder.begin_training)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A step, or several of one execution, was made."""
        if self._attempt(self._recorder.end_batch, batch):
            self._tell()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """An epoch ended, its validation included."""
        self._attempt(self._recorder.end_epoch, epoch)
        self._tell()

    def on_train_end(self, logs: Any = None) -> None:
        """The fit ended."""
        self._training = False
        self._attempt(self._recorder.end_training)
        self._tell()

    def on_test_begin(self, logs: Any = None) -> None:
        """An evaluation begins, of its own or as validation."""
        self._attempt(self._recorder.begin_loop, "evaluate")

    def on_test_end(self, logs: Any = None) -> None:
        """An evaluation ended."""
        self._attempt(self._recorder.end_loop, "evaluate")
        self._tell()

    def on_predict_begin(self, logs: Any = None) -> None:
        """A prediction begins."""
        self._attempt(self._recorder.begin_loop, "predict")

    def on_predict_end(self, logs: Any = None) -> None:
        """A prediction ended."""
        self._attempt(self._recorder.end_loop, "predict")
        self._tell()

    def _attempt(self, action: Callable[..., _Result], *args: Any) -> _Result | None:
        """What goes wrong on our side stops the recording, with one warning, never the training."""
        if self._stopped:
            return None
        try:
            return action(*args)
        except Exception as error:  # noqa: BLE001  # whatever it is, the training goes on
            self._stopped = True
            self._recorder.abandon()
            warnings.warn(
                "tb_bnplugin stops recording this training, which goes on unchanged:"
                f" {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=3,
            )
            return None

    def _tell(self) -> None:
        if self._teller.tell(ended=not self._training):
            self.model.stop_training = True

    def _nothing(self, *args: Any, **kwargs: Any) -> None:
        """Hooks of Keras that nothing is done in."""

    on_batch_begin = on_batch_end = _nothing
    on_epoch_begin = on_train_batch_begin = _nothing
    on_test_batch_begin = on_test_batch_end = _nothing
    on_predict_batch_begin = on_predict_batch_end = _nothing

    def _implements_train_batch_hooks(self) -> bool:
        return True

    def _implements_test_batch_hooks(self) -> bool:
        return False

    def _implements_predict_batch_hooks(self) -> bool:
        return False


def _target(log_dir: Any) -> RunTarget:
    if isinstance(log_dir, str) and not log_dir:
        raise ValueError("log_dir must be a folder; received '' (the current folder is \".\")")
    if isinstance(log_dir, (str, os.PathLike)):
        return RunTarget.folder(os.path.join(os.fspath(log_dir), "batch_norm"))  # noqa: PTH118  # or a URL
    names = [base.__name__ for base in type(log_dir).__mro__]
    if "TensorBoard" in names and hasattr(type(log_dir), "_train_writer"):
        return RunTarget.tensorboard(log_dir)
    raise TypeError(
        "log_dir must be a folder (a str or a path) or the Keras TensorBoard callback of the"
        f" same fit; received {log_dir!r} ({type(log_dir).__name__})"
    )


def _check_probe_data(data: Any) -> tuple[Any, ...] | None:
    if data is None:
        return None
    if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
        what = f"{len(data)} parts" if isinstance(data, (tuple, list)) else type(data).__name__
        raise ValueError(
            "probe_data must be one batch, (x, y) or (x, y, sample_weight); received"
            f" {what}. From a tf.data.Dataset take one: next(iter(dataset))"
        )
    return tuple(data)
