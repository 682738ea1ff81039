"""Findings between the runs of a folder, of those that were read for their rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tb_bnplugin.dashboard.held import Held, Key
from tb_bnplugin.diagnose import Outcome, comparable, compare, is_cause
from tb_bnplugin.history.model import ModelHistory, RunHistory
from tb_bnplugin.logs.program import models_to_compare, runs_to_compare
from tb_bnplugin.logs.provider import RunListing

HELD_SIDES: Final = 4000
"""Runs in memory as far as comparing reads them, some tens of kB each: as many as rows are held."""

SHARED: Final = 64
"""Descriptions of models that several runs of a sweep have alike."""


SECONDS: Final = 0.2
"""Time one answer may spend on comparing: below 1 ms a pair, and one pair all the same."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """All that the rules say of two runs."""

    outcomes: tuple[Outcome, ...]
    is_first: bool  # the model is the first of its run, which a link need not name


@dataclass(frozen=True, kw_only=True)
class Side:
    """A run as far as comparing reads it."""

    history: RunHistory
    found: Mapping[str, tuple[Outcome, ...]]  # by model; what may explain the scale of a loss

    def of(self, model: ModelHistory) -> tuple[Outcome, ...]:
        """The findings of one of its models."""
        return self.found.get(model.facts.name, ())


class Between:
    """Each program against the first one beside it, as `check` compares them."""

    def __init__(self) -> None:
        self._sides: Held[Side] = Held(HELD_SIDES)
        self._pairs: dict[Key, tuple[tuple[Side, Side], Pair]] = {}
        self._shared: dict[object, object] = {}
        self._lock = threading.Lock()

    def keep(
        self,
        key: Key,
        listing: RunListing,
        history: RunHistory,
        outcomes: Mapping[str, Sequence[Outcome]],
    ) -> None:
        """Keep what comparing reads of a run, and of what the rules say of its models."""
        models = tuple(self._share(comparable(model)) for model in history.models)
        side = Side(
            history=RunHistory(run=history.run, models=models),
            found={name: tuple(filter(is_cause, each)) for name, each in outcomes.items()},
        )
        self._sides.put(key, listing, side)

    def compared(
        self, experiment: str, listings: Mapping[str, RunListing]
    ) -> tuple[list[Pair], int]:
        """The pairs of the runs that are known, and how many are left for want of time.

        A pair is compared again only where one of its runs was read again.

        Args:
            experiment: of the runs.
            listings: the runs of the folder.
        """
        known = (self._sides.known((experiment, name)) for name in sorted(listings))
        sides = {one[1].history.run: one[1] for one in known if one is not None}
        pairs: list[Pair] = []
        left, until = 0, time.monotonic() + SECONDS
        fresh = False
        with self._lock:
            histories = (side.history for side in sides.values())
            for one, other in runs_to_compare(histories):
                reference, run = sides[one.run], sides[other.run]
                key = (experiment, other.run)
                held = self._pairs.get(key)
                if held is not None and held[0][0] is reference and held[0][1] is run:
                    pairs.append(held[1])
                elif fresh and time.monotonic() >= until:
                    left += 1
                else:
                    fresh = True
                    pairs.append(compare_runs(reference, run))
                    self._pairs[key] = ((reference, run), pairs[-1])
            self._forget(sides.values())
        return pairs, left

    def _forget(self, sides: Iterable[Side]) -> None:
        """Forget the pairs whose runs are not held any more."""
        if len(self._pairs) > HELD_SIDES:
            held = {id(side) for side in sides}
            self._pairs = {key: pair for key, pair in self._pairs.items() if id(pair[0][1]) in held}

    def _share(self, model: ModelHistory) -> ModelHistory:
        """The model, with one copy of what many runs describe alike."""
        facts = model.facts
        with self._lock:
            if len(self._shared) > SHARED:
                self._shared.clear()
            share = self._shared.setdefault
            layers, graph = share(facts.layers, facts.layers), share(facts.graph, facts.graph)
        return replace(model, facts=replace(facts, layers=layers, graph=graph))  # type: ignore[arg-type]


def compare_runs(reference: Side, run: Side) -> Pair:
    """Two runs, compared as `check` does it."""
    models = models_to_compare(reference.history, run.history)
    found = (reference.of(models[0]), run.of(models[1]))
    return Pair(
        outcomes=compare(*models, found=found),
        is_first=models[0] is reference.history.models[0],
    )
