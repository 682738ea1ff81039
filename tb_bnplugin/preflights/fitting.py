"""Steps of `fit` on one batch, recorded as the callback does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.hooks import Hooks
from tb_bnplugin.preflights.built import is_callable
from tb_bnplugin.preflights.recording import MOST_STEPS, STEPS, add_probe, needs_more
from tb_bnplugin.preflights.stale import TrainableWhenTraced
from tb_bnplugin.printed import error_line
from tb_bnplugin.training.fit import FitOptions, FitRecorder
from tb_bnplugin.training.fit_target import FitTarget
from tb_bnplugin.training.publisher import Target
from tb_bnplugin.training.recorder import Recorder
from tb_bnplugin.twins.batch import Batch, rows_of

EPOCHS: Final = 2  # what is logged is told of epochs, and one says little


def run_fit(
    model: Any, batch: Batch, folder: str, expect: tuple[str, ...], *, source: bool
) -> tuple[Recorder, str | None]:
    """Make the steps and one evaluation. The state is put back by the caller.

    Returns:
        The recorder, and why the evaluation could not be made; None where it was.
    """
    held = (batch.x, batch.y) if batch.weights is None else (batch.x, batch.y, batch.weights)
    options = FitOptions(
        update_freq="batch",
        channel_freq=None,
        probe_data=held if is_callable(model) else None,
        probe_freq="epoch",
        on_finding="ignore",
        expect=expect,
        source=source,
        in_logs=False,
    )
    fit = FitRecorder(model, FitTarget(directory=folder), options)
    traced = TrainableWhenTraced(model)
    _one_step_an_execution(model)
    keras_model = flavour_of(model).keras.Model  # `fit` may be the program's own: a whole training
    quietly = {"verbose": 0, "callbacks": [_Recording(fit, model, batch, traced)]}
    traced.set_then()
    try:
        steps = -(-STEPS // EPOCHS)
        epochs = -(-MOST_STEPS // steps)
        keras_model.fit(model, _dataset(batch, steps), epochs=epochs, shuffle=False, **quietly)
    finally:
        traced.set_now()
    try:
        keras_model.evaluate(model, _dataset(batch, 1), **quietly)
    except Exception as error:  # noqa: BLE001  # a model that only trains, such as a GAN
        return fit.recorder, error_line(error)
    return fit.recorder, None


def _dataset(batch: Batch, times: int) -> Any:
    data = _in_tuples(batch.data())
    alone = len(data) == 1 and not isinstance(data[0], tuple)  # a tensor, as of `fit(x)`
    rows = tf.data.Dataset.from_tensor_slices(data[0] if alone else data)
    return rows.batch(rows_of(batch)).repeat(times)


def _in_tuples(value: Any) -> Any:
    """Lists as tuples, as `fit` has them: a dataset takes a list for one tensor."""
    if isinstance(value, dict):
        return {name: _in_tuples(part) for name, part in value.items()}
    return tuple(map(_in_tuples, value)) if isinstance(value, (list, tuple)) else value


def _one_step_an_execution(model: Any) -> None:
    attributes = vars(model)  # past Keras' attribute tracking; all is put back by the caller
    for name in ("train_function", "test_function", "train_tf_function"):
        if name in attributes:
            attributes[name] = None
    attributes["_jit_compile"] = False  # XLA compiles longer than the steps take
    if flavour_of(model).is_keras_3:
        attributes["steps_per_execution"] = 1
    elif getattr(model, "_steps_per_execution", None) is not None:
        model._steps_per_execution.assign(1)


class _Recording(Hooks):
    """The callback, without anything that it tells."""

    def __init__(
        self, fit: FitRecorder, model: Any, batch: Batch, traced: TrainableWhenTraced
    ) -> None:
        self._fit = fit
        self._traced = traced
        self._model = model
        self._batch = batch
        self._training = False

    def set_params(self, params: Any) -> None:
        """Nothing is needed of it."""

    def set_model(self, model: Any) -> None:
        """A function is about to be made."""
        self._attempt(self._fit.prepare)

    def on_train_begin(self, logs: Any = None) -> None:
        """Before the first step: what the model does on the batch as it is."""
        self._training = True
        self._attempt(self._fit.begin_training)
        recorder = self._fit.recorder
        if recorder.last_target is not None:
            target: Target = recorder.last_target
            add_probe(recorder, self._model, self._batch, None, target, 0)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """A step was made, and the function of all is there."""
        self._traced.set_now()
        self._attempt(lambda: self._fit.end_batch(batch))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Some steps were made: enough of them, as a rule."""
        self._attempt(lambda: self._fit.end_epoch(epoch, logs))
        more = self._fit.recorder.guard.attempt("gradients", needs_more, self._fit.recorder)
        if epoch + 1 >= EPOCHS and not more:
            self._model.stop_training = True  # put back with all attributes

    def on_train_end(self, logs: Any = None) -> None:
        """The fit ended."""
        self._training = False
        self._attempt(self._fit.end_training)

    def on_test_begin(self, logs: Any = None) -> None:
        """The evaluation begins."""
        self._attempt(lambda: self._fit.begin_loop("evaluate"))

    def on_test_end(self, logs: Any = None) -> None:
        """The evaluation ended."""
        self._attempt(lambda: self._fit.end_loop("evaluate", ended=not self._training))

    def _attempt(self, hook: Callable[[], None]) -> None:
        self._fit.recorder.guard.attempt("recording", hook)
