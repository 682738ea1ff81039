"""Layers and their counters: which layers, how many, how often they ran, how they were called.

A mask [layers] says of each layer of the model whether something holds for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.history.model import CONTEXTS, MODES, Call, Floats, LayerFacts, ModelHistory

Mask = npt.NDArray[np.bool_]

LARGEST_COUNT: Final = 2.0**53
"""The largest count that float64 holds exactly. Larger and negative values are no counts."""

OUTSIDE_EVALUATION: Final = ("tape", "no_tape", "unknown")
"""Contexts in which a model may be training."""


def executions(history: ModelHistory, mode: str, contexts: Sequence[str] = CONTEXTS) -> Floats:
    """Cumulative executions [records, layers] in one mode and some contexts, 0 when not known."""
    counts = np.array([history.layer(f"{mode}_{context}") for context in contexts])
    return np.asarray(_possible(counts).sum(axis=0), np.float64)


def all_executions(history: ModelHistory) -> Floats:
    """Cumulative executions [records, layers] in either mode."""
    return executions(history, MODES[0]) + executions(history, MODES[1])


def ran_before(history: ModelHistory, mode: str, contexts: Sequence[str] = CONTEXTS) -> Floats:
    """Executions [layers] that an earlier watch of the same process counted, of a teacher's layers.

    0 where the history begins with them: two watches may write one log, one after the other.
    """
    layers = history.facts.layers
    if not any(layer.sharing.ran_before for layer in layers) or not len(history.steps):
        return np.zeros(len(layers))
    places = [MODES.index(mode) * len(CONTEXTS) + CONTEXTS.index(context) for context in contexts]
    before = np.array(
        [
            sum(layer.sharing.ran_before[at] for at in places) if layer.sharing.ran_before else 0.0
            for layer in layers
        ]
    )
    return np.where(executions(history.newest_process(), mode, contexts)[0] >= before, before, 0.0)


def updates_since_start(history: ModelHistory) -> Floats:
    """Executions in training mode [records, layers] since the starting statistics were taken.

    Layers go on counting when a model is watched a second time in the same process.
    """
    before = np.array([layer.start_updates_before for layer in history.facts.layers])
    return np.asarray(executions(history, "training") - before, np.float64)


def newest(column: Floats) -> Floats:
    """The last known value of each layer [layers], or of the model [], NaN when none is."""
    if not len(column):
        return np.full(column.shape[1:], np.nan)
    known = np.isfinite(column)
    last = len(column) - 1 - np.argmax(known[::-1], axis=0)
    return np.asarray(np.take_along_axis(column, last[None], axis=0)[0], np.float64)


def count(history: ModelHistory, column: str) -> Floats:
    """The newest value of a counter [layers], 0 when not known or no possible count."""
    return _possible(newest(history.layer(column)))


def layers_where(history: ModelHistory, holds: Callable[[LayerFacts], bool]) -> Mask:
    """Layers [layers] whose facts fulfil a condition."""
    return np.array([holds(layer) for layer in history.facts.layers], bool)


def layers_called(history: ModelHistory, holds: Callable[[Sequence[Call]], bool]) -> Mask:
    """Layers [layers] whose calls fulfil a condition; a layer without calls has ()."""
    calls = calls_by_layer(history)
    return np.array([holds(calls.get(at, ())) for at in range(len(history.facts.layers))], bool)


def started_as(history: ModelHistory, start: str) -> Mask:
    """Layers [layers] whose statistics began as "initializer" or "loaded"."""
    return layers_where(history, lambda layer: layer.start == start)


def has_gamma_beta(history: ModelHistory) -> Mask:
    """Layers [layers] with gamma, beta or both."""
    return layers_where(history, lambda layer: layer.gamma_beta.gamma or layer.gamma_beta.beta)


def of_keras(history: ModelHistory) -> Mask:
    """Layers [layers] whose `call` is Keras' own."""
    return layers_where(history, lambda layer: layer.keras_layer)


def calls_by_layer(history: ModelHistory) -> dict[int, list[Call]]:
    """The mode ledger by layer; lines of layers that do not exist are left out."""
    calls: dict[int, list[Call]] = {}
    for call in history.calls:
        if 0 <= call.layer < len(history.facts.layers):
            calls.setdefault(call.layer, []).append(call)
    return calls


def chosen(history: ModelHistory, mask: Mask) -> list[LayerFacts]:
    """Facts of the layers of a mask [layers], in the model's order."""
    return [history.facts.layers[index] for index in np.flatnonzero(mask)]


def paths(history: ModelHistory, mask: Mask) -> tuple[str, ...]:
    """Paths of the layers of a mask [layers], in the model's order."""
    return tuple(layer.path for layer in chosen(history, mask))


def count_layers(history: ModelHistory, mask: Mask) -> str:
    """How many layers of the model: "All 52 ..." or "3 of 52 batch normalization layers"."""
    some, every = int(mask.sum()), len(history.facts.layers)
    if every == 1:
        return "The batch normalization layer"
    share = f"All {every}" if some == every else f"{some} of {every}"
    return f"{share} batch normalization layers"


def _possible(counts: Floats) -> Floats:
    return np.where((counts >= 0) & (counts <= LARGEST_COUNT), counts, 0.0)


def medians(values: Floats) -> Floats:
    """Median [layers] of the numbers [records, layers] that are known; NaN where none is.

    As numpy's `nanmedian`, in a fraction of its time: the rules run while a model trains.
    """
    ordered = np.sort(np.where(np.isfinite(values), values, np.nan), axis=0)
    known = np.isfinite(ordered).sum(axis=0)
    found = np.full(values.shape[1], np.nan)
    some = np.flatnonzero(known)
    low, high = (known[some] - 1) // 2, known[some] // 2
    found[some] = (ordered[low, some] + ordered[high, some]) / 2
    return found
