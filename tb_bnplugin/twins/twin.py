"""`twin`: one step of `fit` and one of the program's own, from the same state."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.errors import NotBuiltError
from tb_bnplugin.keras.flavour import flavour_of, flavour_of_object
from tb_bnplugin.keras.model.describe import overrides_train_step
from tb_bnplugin.keras.optimizers import search
from tb_bnplugin.keras.optimizers.description import check_optimizers, is_optimizer
from tb_bnplugin.keras.variables import copies
from tb_bnplugin.twins import optimizers as of_programs
from tb_bnplugin.twins.batch import Batch, make_batch
from tb_bnplugin.twins.functions import is_traced_function, owner_of
from tb_bnplugin.twins.names import counterparts
from tb_bnplugin.twins.observe import Observer
from tb_bnplugin.twins.programs import (
    FIT,
    PLAIN,
    Program,
    check_compiled,
    check_step,
)
from tb_bnplugin.twins.report import TwinReport, compare
from tb_bnplugin.twins.state import SavedState, keep_seeds
from tb_bnplugin.twins.tolerance import Tolerance


def twin(
    model: Any,
    train_step: Any = None,
    x: Any = None,
    y: Any = None,
    *,
    sample_weight: Any = None,
    batch: Any = None,
    optimizer: Any = None,
) -> TwinReport:
    """Make one step of `fit` and one of your own on the same batch, and say where they part.

    Both start from the same weights, optimizer state and random seeds. Afterwards every variable,
    attribute and seed is as it was, bit for bit, also when a step raises.

        report = tb_bnplugin.twin(model, train_step, x, y)
        print(report)
        assert report.same()

    Args:
        model: a Keras model, built and compiled as `fit` would train it; or a pair of models of
            the same weights, of which the second starts from the weights of the first.
        train_step: your step. It is called as `train_step(x, y)`, or with one argument, the tuple
            `(x, y)`, where it takes one. `"fit"` is a step of `fit`. A pair compares two steps of
            yours with each other; the same step twice shows if it is deterministic. Without one,
            the model's own `train_step` is compared with that of Keras.
        x: the inputs of one batch.
        y: its labels.
        sample_weight: of the rows.
        batch: what your step is called with, where that is not `(x, y)`: one argument, or several
            in a tuple.
        optimizer: of your step, where it is not found in what the step and its caller name.

    Returns:
        The report: `same()`, `first`, `divergences`, `unseen`; `str(report)` prints it.

    Raises:
        TypeError: an argument of a wrong type, or a step that takes other arguments.
        ValueError: a batch whose parts have different numbers of rows; a model that `fit` could
            not train; two models of different weights.
        NotBuiltError: a model has no variables yet.
    """
    models = _models(model)
    given = [] if optimizer is None else list(check_optimizers(optimizer))
    data = make_batch(models[0], x, y, sample_weight, batch)
    programs = _programs(models, train_step, data)
    reached = [search.reachable(roots_of(each.step), _is_whole) for each in programs]
    in_frames = search.in_frames(sys._getframe(1))
    named = [
        [program.model.optimizer]
        if program.step is None
        else of_programs.distinct([*given, *filter(is_optimizer, values)])
        for program, values in zip(programs, reached, strict=True)
    ]
    all_optimizers = of_programs.distinct(
        [*given, *named[0], *named[1], *(getattr(m, "optimizer", None) for m in models), *in_frames]
    )
    saved = SavedState([*models, *all_optimizers, *reached[0], *reached[1]])

    def begin() -> str | None:
        saved.restore()
        if models[0] is not models[1]:
            _copy_weights(*models)
        sole = [held[0] if len(held) == 1 else None for held in named]
        trained = [program.model.trainable_variables for program in programs]
        return of_programs.give_same_state(sole[0], sole[1], trained)

    try:
        seen = [
            Observer(program, data, values, all_optimizers).observe(begin)
            for program, values in zip(programs, reached, strict=True)
        ]
    finally:
        saved.restore()
    if models[0] is not models[1]:
        seen[1].rename(counterparts(models[1], models[0]))
    return compare(seen[0], seen[1], _tolerance(models, data))


def roots_of(step: Any) -> list[Any]:
    """The roots that a step is reached from: itself, and the object whose traced method it is."""
    if step is None:
        return []
    owner = owner_of(step) if is_traced_function(step) else None
    return [step] if owner is None else [step, owner]


def _models(given: Any) -> tuple[Any, Any]:
    models = tuple(given) if isinstance(given, (list, tuple)) else (given, given)
    if len(models) != 2:
        raise TypeError(f"twin takes one model, or a pair; received {len(models)}")
    for model in models:
        flavour_of(model)
        if not model.built:
            raise NotBuiltError(
                f"the model {model.name!r} is not built yet: call it on a batch first, since both"
                " steps have to start from the same weights"
            )
    first, second = ([tuple(weight.shape) for weight in model.weights] for model in models)
    if first != second:
        raise ValueError(
            f"the two models cannot start from the same weights: {models[0].name!r} has"
            f" {len(first)}, {models[1].name!r} has {len(second)}, or they are of other shapes"
        )
    return models[0], models[1]


def _programs(models: tuple[Any, Any], given: Any, batch: Batch) -> tuple[Program, Program]:
    two_models = models[0] is not models[1]
    if given is None and not two_models:
        if not overrides_train_step(models[0]):
            raise TypeError(
                "twin needs your step, twin(model, train_step, x, y): the model has no train_step"
                " of its own that could be compared with Keras' own"
            )
        check_compiled(models[0])
        return (
            Program(name=PLAIN, model=models[0], step=None, plain=True),
            Program(name="train_step", model=models[0], step=None),
        )
    steps = given if isinstance(given, (list, tuple)) else None
    if steps is None:
        steps = (given or FIT, given or FIT) if two_models else (FIT, given)
    if len(steps) != 2:
        raise TypeError(f"train_step takes one step, or a pair; received {len(steps)}")
    for model, step in zip(models, steps, strict=True):
        if isinstance(step, str) and step == FIT:
            check_compiled(model)
        else:
            check_step(step, batch)
    names = _names(models, steps)
    first, second = (
        Program(name=name, model=model, step=None if isinstance(step, str) else step)
        for name, model, step in zip(names, models, steps, strict=True)
    )
    return first, second


def _names(models: tuple[Any, Any], steps: Sequence[Any]) -> list[str]:
    if models[0] is not models[1]:
        names = [str(model.name) for model in models]
    else:
        names = [
            step if isinstance(step, str) else str(getattr(step, "__name__", "the step"))
            for step in steps
        ]
        names = ["the step" if name == "<lambda>" else name for name in names]
    if names[0] == names[1]:
        return [f"{names[0]} (first)", f"{names[1]} (second)"]
    return names


def _copy_weights(first: Any, second: Any) -> None:
    for source, target in zip(first.weights, second.weights, strict=True):
        for part, copy in zip(copies(source), copies(target), strict=False):
            copy.assign(part)
    keep_seeds(first, second)


def _is_whole(value: Any) -> bool:
    """True for an object of Keras, which is saved as a whole."""
    return is_optimizer(value) or flavour_of_object(value) is not None


def _tolerance(models: Sequence[Any], batch: Batch) -> Tolerance:
    values = sum(int(np.prod(part.shape)) for part in tf.nest.flatten(batch.x))
    dtypes = {
        str(getattr(layer, "compute_dtype", "float32") or "float32")
        for model in models
        for layer in model._flatten_layers()
    }
    shapes = [tuple(weight.shape) for weight in models[0].weights]
    return Tolerance.of(sorted(dtypes), shapes, values)
