"""The model that a loss belongs to, where the program hands over the loss alone."""

from __future__ import annotations

from types import FrameType

from tb_bnplugin.keras.optimizers import search
from tb_bnplugin.training.recorder import Recorder, open_recorders
from tb_bnplugin.training.run import Run
from tb_bnplugin.training.summary_state import callers_own


def fitted_recorder() -> Recorder | None:
    """The recorder of the model whose step `fit` makes now, with the callback.

    A `fit` that was interrupted never says that it is over, so that several may seem to train:
    the one that does is a `self` or `model` among the callers.
    """
    fitted = {
        id(recorder.reference()): recorder
        for recorder in open_recorders()
        if recorder.observer.in_fit and recorder.last_target is not None
    }
    return callers_own(fitted) if fitted else None


def recorder_of_loss(run: Run, frame: FrameType | None) -> Recorder | None:
    """The recorder of the model that a loss in a loop belongs to; None: it cannot be told.

    It is the only model of the log; or the only one that is watched; or the only one that a caller
    names, the innermost first: in a notebook a model of an earlier cell may still be watched.
    """
    recorders = run.recorders() or open_recorders()
    if len(recorders) < 2:
        return recorders[0] if recorders else None
    of = {id(recorder.reference()): recorder for recorder in recorders}
    while frame is not None:
        if search.is_of_program(frame):
            named = {id(value) for value in search.named_values(frame)} & set(of)
            if named:
                return of[named.pop()] if len(named) == 1 else None
        frame = frame.f_back
    return None
