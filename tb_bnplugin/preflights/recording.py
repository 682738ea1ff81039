"""The records of every preflight, whoever makes the steps: probes, and losses on the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tb_bnplugin.diagnose.evidence.regularizers import measured_times
from tb_bnplugin.diagnose.rules.lr106_regularizer_missing import STEPS_AT_LEAST
from tb_bnplugin.keras.probe import run as probing
from tb_bnplugin.preflights.built import is_callable
from tb_bnplugin.training import live
from tb_bnplugin.training.publisher import Extra, Target
from tb_bnplugin.training.recorder import Recorder
from tb_bnplugin.twins.batch import Batch

STEPS: Final = 5
"""Steps that are made, on the one batch: after five a weight that has not changed gets no
gradient (`keras.model.unchanged_weights`), and rules take one change for a restored file."""

MOST_STEPS: Final = STEPS_AT_LEAST
"""Steps that are made where no regularizer was in what the first ones differentiate: a program may
add them in some of its steps alone."""


def needs_more(recorder: Recorder) -> bool:
    """True where the steps so far hold no regularizer of weights that have one."""
    found = map(measured_times, live.history_of(recorder.live).models)
    return any(each is not None and each.reached == 0 for each in found)


def add_probe(
    recorder: Recorder, model: Any, batch: Batch, loss: Any, target: Target, step: int
) -> None:
    """Record what the model does on the batch in either mode, where it can be called."""
    if not is_callable(model):
        return

    def probe() -> probing.ProbeResult:
        attempt = recorder.guard.attempt
        given = {"loss": loss, "sample_weight": batch.weights, "attempt": attempt}
        return probing.run(model, batch.x, batch.y, **given)

    result = recorder.guard.attempt("probe", probe)
    if result is not None:
        add(recorder, recorder.observer.probe(result), step, target)


def add(recorder: Recorder, extras: Sequence[Extra], step: int, target: Target) -> None:
    """Record what was measured."""
    recorder.guard.attempt("recording", lambda: recorder.add(extras, step, target))
