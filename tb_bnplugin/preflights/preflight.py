"""`preflight`: what training will do, before it begins."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import tensorflow as tf

from tb_bnplugin.diagnose import check_codes
from tb_bnplugin.errors import NotBuiltError
from tb_bnplugin.keras.calls.run_context import run_context
from tb_bnplugin.keras.calls.wrapping import counter_of
from tb_bnplugin.keras.flavour import flavour_of, flavour_of_object
from tb_bnplugin.keras.losses.resolve import check_losses
from tb_bnplugin.keras.model.describe import overrides_train_step
from tb_bnplugin.keras.model.layers import batch_norm_layers
from tb_bnplugin.keras.optimizers import search
from tb_bnplugin.keras.optimizers.description import check_optimizers, is_optimizer
from tb_bnplugin.keras.probe.preserve import own_seeds
from tb_bnplugin.keras.unplugged import unplugged
from tb_bnplugin.preflights.built import is_built
from tb_bnplugin.preflights.fitting import run_fit
from tb_bnplugin.preflights.looping import run_loop
from tb_bnplugin.preflights.report import PreflightReport, make_report
from tb_bnplugin.training.recorder import recorder_of
from tb_bnplugin.training.summary_state import default_writer
from tb_bnplugin.twins.batch import make_batch, rows_of
from tb_bnplugin.twins.functions import functions_in, traced_anew, without_retracing_warnings
from tb_bnplugin.twins.noise import same_noise
from tb_bnplugin.twins.optimizers import distinct
from tb_bnplugin.twins.programs import FIT, Program, check_compiled, check_step
from tb_bnplugin.twins.state import SavedState
from tb_bnplugin.twins.twin import roots_of


def preflight(
    model: Any,
    x: Any = None,
    y: Any = None,
    train_step: Any = None,
    *,
    sample_weight: Any = None,
    batch: Any = None,
    loss: Any = None,
    optimizer: Any = None,
    expect: Sequence[str] = (),
    source: bool = True,
) -> PreflightReport:
    """Say what training will do, by a few steps on one batch that are taken back.

    All rules run on what these steps did. Afterwards every variable, attribute and seed is as it
    was, bit for bit, also when a step raises.

        report = tb_bnplugin.preflight(model, x[:32], y[:32])
        print(report)
        assert report.ok()

    Args:
        model: a Keras model, compiled as `fit` will train it, unless `train_step` is given. It has
            to be built; one without a `call` is where the networks that it trains are.
        x: the inputs of one batch.
        y: its labels.
        train_step: your own step, called as `train_step(x, y)`, or with one argument, the tuple
            `(x, y)`, where it takes one. Without one the steps are those of `fit`.
        sample_weight: of the rows.
        batch: what your step is called with, where that is not `(x, y)`: one argument, or several
            in a tuple.
        loss: that your step differentiates, as for `summary.loss_reduction`: how it is reduced
            is measured then, too. A Keras loss that the step names is found.
        optimizer: of your step, or a list of several, where it is not found in what the step and
            its caller name.
        expect: codes of rules whose findings are meant here, such as ("BN104",).
        source: name the lines of the program that call the model.

    Returns:
        The report: `findings()`, `outcomes`, `facts`, `ok()`; `str(report)` prints it.

    Raises:
        TypeError: an argument of a wrong type, or a step that takes other arguments.
        ValueError: a batch whose parts have different numbers of rows; a model that `fit` could
            not train; an unknown code.
        NotBuiltError: the model has no variables yet.
    """
    flavour_of(model)
    if not is_built(model):
        raise NotBuiltError(
            f"the model {model.name!r} is not built yet: call it on a batch first, since a"
            " preflight puts back the weights that are there"
        )
    if loss is not None:
        check_losses(loss)
    data = make_batch(model, x, y, sample_weight, batch, of="preflight")
    program = _program(model, train_step)
    if program.step is None:
        if not overrides_train_step(model):
            check_compiled(model)
    else:
        check_step(program.step, data)
    codes = check_codes(expect)
    given = [] if optimizer is None else list(check_optimizers(optimizer))
    frame = sys._getframe(1)
    reached = search.reachable(roots_of(program.step), _is_whole)
    named = [*given, *filter(is_optimizer, reached), getattr(model, "optimizer", None)]
    optimizers = distinct([*named, *search.in_frames(frame)])
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(_taken_back(model, [*optimizers, *reached], optimizers))
        stack.enter_context(traced_anew(functions_in([*reached, model])))
        options: dict[str, Any] = {"expect": codes, "source": source}
        unseen = None
        try:
            if program.step is None:
                recorder, unseen = run_fit(model, data, folder, **options)
            else:
                options |= {"given": given, "optimizers": optimizers, "reached": reached}
                options |= {"loss": loss, "frame": frame}
                recorder = run_loop(program, data, folder, **options)
            return make_report(program.name, rows_of(data), recorder, unseen)
        finally:
            watching = recorder_of(model)
            if watching is not None:
                watching.close()


def _program(model: Any, step: Any) -> Program:
    if step is None or (isinstance(step, str) and step == FIT):
        return Program(name=FIT, model=model, step=None)
    name = str(getattr(step, "__name__", "the step"))
    return Program(name="the step" if name == "<lambda>" else name, model=model, step=step)


@contextmanager
def _taken_back(model: Any, reached: Sequence[Any], optimizers: Sequence[Any]) -> Iterator[None]:
    """Within, nobody else watches the model; at the end all is as it was."""
    counters = [counter_of(layer) for _, layer in batch_norm_layers(model)]
    held = [part for each in counters if each for part in (each.executions, each.batches)]
    saved = SavedState([model, *reached, *(part for part in held if part is not None)])
    loop, step = run_context().value, tf.summary.experimental.get_step()
    try:
        with ExitStack() as stack:
            stack.enter_context(unplugged(model, optimizers))
            vars(model).pop("_tb_bnplugin_watch", None)  # put back with all attributes
            stack.enter_context(without_retracing_warnings())
            stack.enter_context(same_noise(model))
            stack.enter_context(own_seeds(in_graphs=True))
            stack.enter_context(default_writer(None))
            yield
    finally:
        run_context().set(loop)
        tf.summary.experimental.set_step(step)
        saved.restore()


def _is_whole(value: Any) -> bool:
    """True for an object of Keras, which is saved as a whole."""
    return is_optimizer(value) or flavour_of_object(value) is not None
