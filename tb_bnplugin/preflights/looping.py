"""Steps of the program's own on one batch, recorded as a watch does."""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType
from typing import Any

import tensorflow as tf

from tb_bnplugin.preflights.differentiated import measure_loss
from tb_bnplugin.preflights.recording import MOST_STEPS, STEPS, add_probe, needs_more
from tb_bnplugin.training import ops
from tb_bnplugin.training.publisher import Target
from tb_bnplugin.training.recorder import Recorder, watch_model
from tb_bnplugin.training.run import run_of_writer
from tb_bnplugin.training.summary_state import default_writer
from tb_bnplugin.twins.batch import Batch
from tb_bnplugin.twins.programs import Program


def run_loop(
    program: Program,
    batch: Batch,
    folder: str,
    *,
    reached: Sequence[Any],
    given: Sequence[Any],
    optimizers: Sequence[Any],
    loss: Any,
    expect: tuple[str, ...],
    source: bool,
    frame: FrameType,
) -> Recorder:
    """Make the steps. The state is put back by the caller.

    Args:
        program: the step.
        batch: that it gets, each time.
        folder: of the records.
        reached: what the step names.
        given: the optimizers that the caller names as those of the step.
        optimizers: all that may be given gradients.
        loss: that the step differentiates, as far as it is known.
        expect: codes of rules whose findings are meant here.
        source: record lines of the program.
        frame: from which outward the program is.
    """
    model = program.model
    recorder = watch_model(model, expect=expect, source=source)
    recorder.watched.lines.begin("watch", frame)
    if given:
        recorder.watched.optimizers.give(tuple(given))
    recorder.watched.optimizers.suggest(optimizers)  # no frame of the program need name them
    recorder.watched.gradients.begin_loop(model, given)
    writer = tf.summary.create_file_writer(folder)
    with default_writer(writer), tf.summary.record_if(True):
        target = Target(run=run_of_writer(writer), writer=writer)
        ops.record_model(recorder, writer, 0)
        add_probe(recorder, model, batch, loss, target, 0)
        for step in range(1, MOST_STEPS + 1):
            if step > STEPS and not recorder.guard.attempt("gradients", needs_more, recorder):
                break
            program.run(batch)
            ops.record_model(recorder, writer, step)
            made = step
        add_probe(recorder, model, batch, loss, target, made)
        measured = (writer, made, program, batch, reached, optimizers, loss)
        recorder.guard.attempt("losses", measure_loss, *measured)
    writer.close()
    return recorder
