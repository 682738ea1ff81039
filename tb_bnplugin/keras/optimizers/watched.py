"""The optimizers that train one model: compiled, named by the program, or found in its loop.

An optimizer that was found counts once it was built for weights of the model and has made a step.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.identity import IdentityRef
from tb_bnplugin.keras.optimizers import description, search
from tb_bnplugin.schedule import growing
from tb_bnplugin.schema.facts import OptimizerFacts

IDLE_LOOKS: Final = 20
"""Looks at which others made steps and this one did not, until it trains no more: a critic may make
five steps to one of its generator's."""


STALLED_LOOKS: Final = 4
"""Looks at which no optimizer made a step, until another one is searched for."""


@dataclass(kw_only=True, eq=False)
class _Candidate:
    """An optimizer that may train the model."""

    reference: IdentityRef
    known_from: str  # as in OptimizerFacts
    count: int = 0  # of its steps, when last looked at
    idle: int = 0  # looks since it made one, while others did
    trains: bool = False
    facts: OptimizerFacts | None = None  # as last seen: a function that ended takes it along


class WatchedOptimizers:
    """Finds the optimizers of one model, and says which of them train it now."""

    def __init__(self, model: Any, guard: Guard) -> None:
        self._model = weakref.ref(model)
        self._guard = guard
        self._candidates: list[_Candidate] = []
        self._given = False  # by the program: nothing is searched for
        self._idle = STALLED_LOOKS  # looks since any was seen to make a step
        self._clock = 0  # of searches and looks while none is known to make steps
        self._frames_due = growing(1.5)
        self._model_due = growing(1.5)

    def give(self, optimizers: Sequence[Any]) -> None:
        """Take the optimizers that the program names, and no others."""
        self._given = True
        self._candidates = [_candidate(given, "argument") for given in optimizers]

    def suggest(self, optimizers: Sequence[Any]) -> None:
        """Look at these, too: they count as those of the model once they train it."""
        if not self._given:
            self._add(optimizers, "found")

    def search(self) -> None:
        """Look through the program that calls, where no optimizer is known to make steps."""
        if not self._given and self._idle >= STALLED_LOOKS:
            self._clock += 1
            if self._frames_due.is_due(self._clock):
                self._guard.attempt("optimizer", self._search_frames)

    def look(self) -> None:
        """Find out which optimizers made steps since the last look."""
        if not self._given:
            self._guard.attempt("optimizer", self._look)

    def present(self) -> tuple[Any, ...]:
        """The optimizers that train the model now, as far as they are known and still there."""
        return tuple(
            optimizer
            for candidate in self._present()
            if (optimizer := candidate.reference()) is not None
        )

    def token(self) -> tuple[object, ...]:
        """Equal to another one as long as the same optimizers train the model, gone or not."""
        return tuple(self._present())

    def compiled(self) -> IdentityRef | None:
        """The optimizer that the model is compiled with."""
        optimizer = getattr(self._model(), "optimizer", None)
        return None if optimizer is None else IdentityRef(optimizer)

    def facts(self) -> tuple[OptimizerFacts, ...]:
        """The same as the record has them; of one that is gone, as it was."""
        present = self._present()
        for candidate in present:
            optimizer = candidate.reference()
            if optimizer is not None:
                candidate.facts = self._guard.attempt("optimizer", _facts, optimizer, candidate)
        return tuple(candidate.facts for candidate in present if candidate.facts is not None)

    def learning_rate(self) -> float:
        """The present learning rate, of them all; NaN where it is not known. Runs eagerly."""
        rate = self._guard.attempt("optimizer", self._read_learning_rate)
        return float("nan") if rate is None else rate

    def _read_learning_rate(self) -> float | None:
        with tf.init_scope():
            read = [description.learning_rate(optimizer) for optimizer in self.present()]
            rates = {None if rate is None else float(rate) for rate in read}
        return rates.pop() if len(rates) == 1 else None

    def _present(self) -> list[_Candidate]:
        if self._given:
            return self._candidates
        training = [candidate for candidate in self._candidates if candidate.trains]
        return training or [each for each in self._candidates if each.known_from == "compile"]

    def _search_frames(self) -> None:
        self._add(search.in_frames(sys._getframe(1)), "found")

    def _look(self) -> None:
        model = self._model()
        if model is None:
            return
        self._follow_compile(model)
        if self._idle >= STALLED_LOOKS:
            self._clock += 1
            if self._model_due.is_due(self._clock):
                self._add(search.find(description.attributes(model).values()), "found")
        if [each.known_from for each in self._candidates] == ["compile"]:
            return  # the one of `fit`
        with tf.init_scope():
            moved = [each for each in self._candidates if self._has_moved(each, model)]
        self._idle = 0 if moved else self._idle + 1
        if not moved:
            return
        for candidate in self._candidates:
            candidate.idle = 0 if candidate in moved else candidate.idle + 1
            candidate.trains = candidate in moved or (
                candidate.trains
                and candidate.idle < IDLE_LOOKS
                and candidate.reference() is not None
            )

    def _follow_compile(self, model: Any) -> None:
        """Leave what a later `compile` replaced, and what is gone and trained nothing."""
        compiled = getattr(model, "optimizer", None)
        origins = [each.known_from for each in self._candidates]
        if origins == ["compile"] and self._candidates[0].reference() is compiled is not None:
            return  # as at almost every look in `fit`
        self._candidates = [
            candidate
            for candidate in self._candidates
            if (optimizer := candidate.reference()) is not None or candidate.trains
            if (candidate.known_from == "compile")
            == (compiled is not None and optimizer is compiled)
        ]
        if compiled is not None:
            self._add([compiled], "compile")
        if all(each.reference() is None for each in self._candidates if each.trains):
            self._idle = STALLED_LOOKS

    def _add(self, optimizers: Sequence[Any], known_from: str) -> None:
        known = [candidate.reference() for candidate in self._candidates]
        wrapped = [
            inner
            for optimizer in (*optimizers, *known)
            if optimizer is not None
            for inner in description.chain(optimizer)[1:]
        ]
        for optimizer in optimizers:
            if not any(optimizer is other for other in (*known, *wrapped)):
                self._candidates.append(_candidate(optimizer, known_from))

    def _has_moved(self, candidate: _Candidate, model: Any) -> bool:
        optimizer = candidate.reference()
        count = None if optimizer is None else description.iterations(optimizer)
        if count is None:
            return False
        before, candidate.count = candidate.count, int(count)
        if candidate.count == before:
            return False
        return candidate.trains or description.trains(optimizer, _weights(model))


def _facts(optimizer: Any, candidate: _Candidate) -> OptimizerFacts:
    return description.facts(optimizer, candidate.known_from)


def _candidate(optimizer: Any, known_from: str) -> _Candidate:
    return _Candidate(reference=IdentityRef(optimizer), known_from=known_from)


def _weights(model: Any) -> Sequence[Any]:
    try:
        return list(model.weights)
    except ValueError:  # tf_keras: a model that is not built yet
        return []
