"""Recalibrations in the log of a watched model, and the callback that writes them there."""

from __future__ import annotations

import tensorflow as tf

from tb_bnplugin.keras.recalibration.callback import Recalibrating
from tb_bnplugin.measure.recalibration import Recalibration
from tb_bnplugin.measure.recalibration_record import encode_result
from tb_bnplugin.training.publisher import Extra, Target
from tb_bnplugin.training.recorder import Recorder, recorder_of
from tb_bnplugin.training.run import Run
from tb_bnplugin.training.writer import close, is_closed


class RecalibrateCallback(Recalibrating):
    """Recalibrate batch normalization while `fit` trains: see `tb_bnplugin.recalibrate`.

    Training mode does not read the moving statistics, so that the training itself stays as it is;
    what validates, what is saved and what is trained on goes on from the new ones. The last
    recalibration is at the end of `fit`, where steps were made since the one before. In the list
    of callbacks it stands behind those that put weights back (`EarlyStopping`). Beside a
    `BatchNormCallback` each result is in its log too, and the page shows it.

    Works with Keras 3 and tf_keras alike.

    Args:
        data: as for `recalibrate`: training data, prepared as for validation. It is gone through
            at each recalibration, so no generator.
        steps: batches of each recalibration; all if None.
        before_validation: recalibrate before each validation of `fit`.
        at_end: recalibrate at the end of `fit`.
        verbose: print each result.
        options: exact, frozen, loss, only_if_better and batch_size, as for `recalibrate`.

    Attributes:
        results: each `Recalibration` so far.

    Raises:
        TypeError, ValueError: an argument is wrong.

    Example:
        recalibrating = tb_bnplugin.RecalibrateCallback((x, y), steps=50)
        model.fit(x, y, validation_data=(x_val, y_val), callbacks=[recalibrating])
    """

    def keep(self, result: Recalibration) -> None:
        """Keep a result; beside a `BatchNormCallback`, in its log too."""
        super().keep(result)
        recorder = recorder_of(self.model)
        if recorder is not None and not recorder.closed and recorder.last_target is not None:
            recorder.guard.attempt("recalibration", _write_beside, recorder, result)


def _write(recorder: Recorder, result: Recalibration, step: int, target: Target) -> bool:
    extra = Extra(kind="recalibration", value=encode_result(result))
    return recorder.add([extra], step, target)


def _write_beside(recorder: Recorder, result: Recalibration) -> None:
    """Write to the log that the model is recorded in, also where its writer is closed already."""
    target = recorder.last_target
    assert target is not None
    if not is_closed(target.writer):
        _write(recorder, result, target.run.last_step, target)
    elif target.run.directory is not None:
        _write_to_a_file_of_its_own(recorder, result, target.run)


def _write_to_a_file_of_its_own(recorder: Recorder, result: Recalibration, run: Run) -> None:
    writer = tf.summary.create_file_writer(str(run.directory))
    try:
        _write(recorder, result, run.last_step, Target(run=run, writer=writer))
    finally:
        close(writer)
