"""One step, run and observed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Final

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.model.layers import batch_norm_layers
from tb_bnplugin.keras.probe.preserve import own_seeds
from tb_bnplugin.keras.variables import local
from tb_bnplugin.twins import backward
from tb_bnplugin.twins import optimizers as of_programs
from tb_bnplugin.twins.batch import Batch
from tb_bnplugin.twins.collect import fill
from tb_bnplugin.twins.events import Events
from tb_bnplugin.twins.functions import (
    as_traced,
    draws_with_state,
    functions_in,
    traced_anew,
    was_traced,
    without_retracing_warnings,
)
from tb_bnplugin.twins.hooks import Hooks, moded_layers
from tb_bnplugin.twins.names import variable_names
from tb_bnplugin.twins.noise import same_noise
from tb_bnplugin.twins.observed import Floats, Observed, Weight
from tb_bnplugin.twins.programs import Program
from tb_bnplugin.twins.tolerance import Tolerance
from tb_bnplugin.twins.values import metrics_in, named_scalars, reset, results

_STAGE_OF: Final = {
    "inputs": "inputs",
    "mode": "modes",
    "outputs": "outputs",
    "logits": "loss",
    "passed": "loss",
    "passed_logits": "loss",
    "target": "loss",
    "term": "regularization",
    "applied": "gradients",
}

TRACE: Final = "trace"
"""Key of `unseen`: it is not known if a function still does what its code does."""

_INSIDE: Final = ("inputs", "modes", "outputs", "loss", "regularization", "gradients")
"""Stages that only a look into a step shows; the others are seen by its effects."""

AS_TRACED: Final = Tolerance(2.0**-24, 1, relative=1e-3)
"""How far apart a function that was traced before and its code may be: compiled by XLA it rounds
otherwise, in many layers one after the other, and what has changed since is a matter of factors."""


class Observer:
    """Runs one program, and says what it did."""

    def __init__(
        self, program: Program, batch: Batch, reached: Sequence[Any], optimizers: Sequence[Any]
    ) -> None:
        """Prepare it.

        Args:
            program: the step.
            batch: that it gets.
            reached: what its step names.
            optimizers: all that may be given gradients.
        """
        self._program = program
        self._model = program.model
        self._batch = batch
        self._optimizers = optimizers
        self._functions = functions_in([*reached, self._model])
        self._metrics = metrics_in(reached)

    def observe(self, begin: Callable[[], str | None]) -> Observed:
        """The step as it was seen.

        Args:
            begin: brings the state to where both steps start; gives a note for the report.
        """
        note = begin()
        before = self._values()
        seen = Observed(
            name=self._program.name,
            rows=int(tf.nest.flatten(self._batch.x)[0].shape[0]),
            replicas=int(self._model.distribute_strategy.num_replicas_in_sync),
            notes=[note] if note else [],
        )
        described = [of_programs.seen(each) for each in self._optimizers]
        scales = [of_programs.divisor(each) for each in self._optimizers]
        with Hooks(self._model, self._optimizers) as hooks, traced_anew(self._functions):
            returned = self._run(seen)
        used = fill(seen, hooks.events, scales)
        seen.optimizers = [described[at] for at in sorted(used)]
        after = self._values()
        seen.weights = self._weights(before, after)
        self._note_unseen(seen, hooks.events)
        self._take_metrics(seen, returned)
        if any(was_traced(function) for function in self._functions):
            self._compare_as_traced(seen, begin, before)
        return seen

    def _run(self, seen: Observed) -> Any:
        with ExitStack() as stack:
            stack.enter_context(suspend())
            stack.enter_context(without_retracing_warnings())
            stack.enter_context(same_noise(self._model))
            stack.enter_context(own_seeds(in_graphs=True))
            stack.enter_context(tf.summary.record_if(False))
            seeds = getattr(context.context(), "_rng", None)
            drawn = None if seeds is None else seeds.getstate()
            reset(self._metrics)
            returned = self._program.run(self._batch)
            if seeds is not None and seeds.getstate() != drawn:
                seen.notes.append(
                    f"{seen.name} draws from TensorFlow's own sequence of random numbers, which"
                    " cannot be set back: it gets other numbers at each run"
                )
            return returned

    def _compare_as_traced(
        self, seen: Observed, begin: Callable[[], str | None], before: Sequence[Floats]
    ) -> None:
        """Take the effects of what was traced before, where the code does something else."""
        if any(draws_with_state(each) for each in self._functions if was_traced(each)):
            seen.unseen[TRACE] = (
                f"{seen.name} was traced before. What was traced draws random numbers, and was not"
                " run, so that the program gets the same ones as without a twin; compared is what"
                " its code does now"
            )
            return
        begin()
        with as_traced(each for each in self._functions if was_traced(each)):
            returned = self._run(Observed(name=seen.name, rows=seen.rows))
        effects = self._values()
        other = Observed(name=seen.name, rows=seen.rows, weights=self._weights(before, effects))
        differences = [
            *backward.optimizer(seen, other, AS_TRACED),
            *backward.statistics(seen, other, AS_TRACED),
        ]
        if not differences:
            seen.notes.append(
                f"{seen.name} was traced before; traced anew, it does the same to the weights"
            )
            return
        reason = (
            f"{seen.name} was traced before, and what was traced does something else to the weights"
            " than its code does now (something changed since, or it draws random numbers): it"
            " cannot be looked into, and only its effects are compared"
        )
        seen.unseen = dict.fromkeys(_INSIDE, reason)
        seen.gradients, seen.optimizers, seen.steps, seen.metrics = {}, [], 0, {}
        seen.weights = other.weights
        self._take_metrics(seen, returned)

    def _take_metrics(self, seen: Observed, returned: Any) -> None:
        scalars, note = named_scalars(returned, seen)
        seen.metrics = {**results(self._metrics), **scalars}
        if note:
            seen.notes.append(note)

    def _values(self) -> list[Floats]:
        return [np.asarray(local(weight), np.float64) for weight in self._model.weights]

    def _weights(self, before: Sequence[Floats], after: Sequence[Floats]) -> list[Weight]:
        names = variable_names(self._model)
        at = {id(weight): index for index, weight in enumerate(self._model.weights)}
        trainable = {id(weight) for weight in self._model.trainable_weights}
        statistics: dict[int, tuple[str, float, float]] = {}
        for _, layer in batch_norm_layers(self._model):
            variance = at.get(id(layer.moving_variance))
            momentum = float(layer.momentum) if 0.0 <= float(layer.momentum) <= 1.0 else 0.0
            spread = 0.0 if variance is None else float(np.sqrt(np.abs(after[variance]).sum()))
            statistics[id(layer.moving_mean)] = ("mean", momentum, spread)
            statistics[id(layer.moving_variance)] = ("variance", momentum, 0.0)
        found = []
        for weight, then, now in zip(self._model.weights, before, after, strict=True):
            name = names.get(id(weight), str(weight.name))
            kind, momentum, spread = statistics.get(id(weight), (None, 0.0, 0.0))
            found.append(
                Weight(
                    name=name,
                    layer=name.rpartition("/")[0] or name,
                    before=then,
                    after=now,
                    trainable=id(weight) in trainable,
                    statistic=kind,
                    momentum=momentum,
                    spread=spread,
                )
            )
        return found

    def _note_unseen(self, seen: Observed, events: Events) -> None:
        for kind, reason in events.unseen.items():
            seen.unseen.setdefault(_STAGE_OF[kind], f"of {seen.name}, {reason}")
        if not seen.inputs:
            reason = (
                f"{seen.name} was not seen to call the model: it calls its layers by itself, or in"
                " a function that was traced before and is out of reach"
            )
            for stage in ("inputs", "outputs", "loss", "regularization"):
                seen.unseen.setdefault(stage, reason)
            if moded_layers(self._model) and not seen.modes:
                seen.unseen.setdefault("modes", reason)
        if not seen.loss.passed:
            reason = f"no gradient came back to the outputs of the model in {seen.name}"
            seen.unseen.setdefault("loss", reason)
        if not seen.steps:
            seen.unseen.setdefault(
                "gradients",
                f"no optimizer in reach was given gradients of the model in {seen.name}: name it"
                " with optimizer=",
            )
