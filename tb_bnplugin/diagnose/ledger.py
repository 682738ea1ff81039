"""The mode ledger: for each layer its calls, its executions, and the changes of its statistics.

The executions that were counted are compared with the statistics that were read. Where they
disagree, the ledger says what explains it, or that nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import calls_by_layer, count, newest, ran_before
from tb_bnplugin.history.model import CONTEXTS, MODES, Call, LayerFacts, ModelHistory

Agreement = Literal["agree", "explained", "unexplained", "unknown"]

_HALF: Final = ("float16", "bfloat16")


@dataclass(frozen=True, kw_only=True)
class LayerLedger:
    """The ledger of one layer."""

    path: str
    trainable: bool | None  # as the program last set it; None before any record
    calls: tuple[Call, ...]  # each way it was called, as its traces know
    executions: Mapping[str, int]  # "training_tape": 120; those that are not 0
    requested: bool | None  # `training` as a functional graph asks for it; None: nothing known
    dtype: str | None  # of the moving statistics
    statistics: str  # how moving mean and variance changed, one sentence
    agreement: Agreement  # of the executions and the statistics

    def to_json(self) -> dict[str, Any]:
        """The ledger as plain JSON values."""
        return {
            "path": self.path,
            "trainable": self.trainable,
            "calls": [_call_json(call) for call in self.calls],
            "executions": dict(self.executions),
            "requested": self.requested,
            "dtype": self.dtype,
            "statistics": self.statistics,
            "agreement": self.agreement,
        }


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The ledger of one model of one run."""

    run: str
    model: str
    keras: str
    steps: tuple[int, int] | None  # first and last record
    layers: tuple[LayerLedger, ...]

    def to_json(self) -> dict[str, Any]:
        """The ledger as plain JSON values."""
        return {
            "run": self.run,
            "model": self.model,
            "keras": self.keras,
            "steps": None if self.steps is None else list(self.steps),
            "layers": [layer.to_json() for layer in self.layers],
        }


def create_ledger(history: ModelHistory) -> Ledger:
    """The ledger of a model, of its newest process."""
    history = history.newest_process()
    calls = calls_by_layer(history)
    statistics = _statistics(history)
    trainable = newest(history.layer("trainable_as_set")).tolist()
    before = {
        f"{mode}_{context}": ran_before(history, mode, (context,))
        for mode in MODES
        for context in CONTEXTS
    }
    counts = {
        name: np.maximum(count(history, name) - earlier, 0).tolist()
        for name, earlier in before.items()
    }

    def is_over(call: Call, layer: int) -> bool:
        """A way in which an earlier watch saw the layer called, and this one never did."""
        names = [name for name in before if _is_of(call, name)]
        return any(before[name][layer] for name in names) and not any(
            counts[name][layer] for name in names
        )

    layers = []
    for index, facts in enumerate(history.facts.layers):
        text, agreement = statistics[index]
        executions = {name: int(numbers[index]) for name, numbers in counts.items()}
        layers.append(
            LayerLedger(
                path=facts.path,
                trainable=None if np.isnan(trainable[index]) else bool(trainable[index]),
                calls=tuple(
                    sorted(
                        (call for call in calls.get(index, ()) if not is_over(call, index)),
                        key=_in_order,
                    )
                ),
                executions={name: number for name, number in executions.items() if number},
                requested=facts.requested,
                dtype=facts.dtype,
                statistics=text,
                agreement=agreement,
            )
        )
    steps = (int(history.steps[0]), int(history.steps[-1])) if len(history.steps) else None
    return Ledger(
        run=history.run,
        model=history.facts.name,
        keras=history.facts.keras,
        steps=steps,
        layers=tuple(layers),
    )


def create_layer_ledger(history: ModelHistory, index: int) -> LayerLedger:
    """The ledger of one layer of a model; those of the others are not made."""
    return create_ledger(history.of_layer(index)).layers[0]


def keep_layers(ledger: Ledger, wanted: Callable[[str], object]) -> Ledger:
    """The ledger of those layers only whose path is wanted."""
    return replace(ledger, layers=tuple(layer for layer in ledger.layers if wanted(layer.path)))


def _is_of(call: Call, column: str) -> bool:
    """True where the executions of a column may be those of a call; "dynamic" is either mode."""
    mode, _, context = column.partition("_")
    return call.context == context and call.mode in (mode, "dynamic")


def _in_order(call: Call) -> tuple[int, int, int]:
    context = CONTEXTS.index(call.context) if call.context in CONTEXTS else len(CONTEXTS)
    mode = MODES.index(call.mode) if call.mode in MODES else len(MODES)
    return call.first_step, mode, context


def _statistics(history: ModelHistory) -> list[tuple[str, Agreement]]:
    names = [f"training_{context}" for context in CONTEXTS]
    trained = np.sum([count(history, name) for name in names], axis=0)
    before = np.array([layer.start_updates_before for layer in history.facts.layers])
    changes, external = count(history, "statistics_changes"), count(history, "external_changes")
    own = count(history, "frozen_updates")
    return [
        _sentence(
            facts,
            trained=int(max(trained[at] - before[at], 0)),
            changes=int(changes[at]),
            external=int(external[at]),
            own=int(own[at]),
            records=len(history.steps),
        )
        for at, facts in enumerate(history.facts.layers)
    ]


def _sentence(
    facts: LayerFacts, *, trained: int, changes: int, external: int, own: int, records: int
) -> tuple[str, Agreement]:
    """The changes of the statistics, and if the executions explain them."""
    if not records:
        return "no record was made yet", "unknown"
    if own:
        return (
            f"moved in {own} of the layer's own calls although it is frozen (BN107)",
            "unexplained",
        )
    if not trained and not external:
        return "stood still, as nothing ran in training mode", "agree"
    if not trained:
        if external == 1:
            return "written once by other code: loaded or copied", "explained"
        return (
            f"moved between {external} records with nothing counted in training mode: written by"
            " other code (a copy, an average), or by a function traced before the watch"
        ), "explained"
    if external:
        return (
            f"moved as it trained, and were written {_times(external)} by other code besides"
        ), "explained"
    if changes:
        return f"moved as it trained, between {_records(changes)}", "agree"
    return _standing(facts)


def _standing(facts: LayerFacts) -> tuple[str, Agreement]:
    """Why statistics did not change although the layer ran in training mode."""
    if facts.momentum == 1.0:
        return "stood still: with a momentum of 1 an update changes nothing", "explained"
    if facts.dtype in _HALF:
        return f"stood still: updates are rounded off in {facts.dtype} (BN205)", "explained"
    if facts.start == "loaded":
        return "stood still: every batch gave what they already were", "explained"
    return "stood still although it ran in training mode: updates are lost (BN209)", "unexplained"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _records(number: int) -> str:
    return "1 record and the one before" if number == 1 else f"{number} records"


def _call_json(call: Call) -> dict[str, Any]:
    return {
        "mode": call.mode,
        "context": call.context,
        "training_argument": call.training_argument,
        "reason": call.reason,
        "source": call.source,
        "trainable": call.trainable,
        "function": call.function,
        "jit": call.jit,
        "first_step": call.first_step,
    }
