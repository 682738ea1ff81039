"""From the events of one step to what was observed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from tb_bnplugin.twins.events import Event, Events
from tb_bnplugin.twins.observed import Floats, Mode, Observed


def fill(observed: Observed, events: Events, scales: Sequence[float]) -> set[int]:
    """Fill in what the events show, of all replicas together.

    Args:
        observed: of the step, to be filled.
        events: that happened.
        scales: by which each optimizer divides the gradients that it is given.

    Returns:
        The indices of the optimizers that were given gradients.
    """
    by_kind: dict[str, list[Event]] = defaultdict(list)
    for event in events.happened:
        by_kind[event.kind].append(event)
    observed.inputs = [_joined(same) for same in _by_call(by_kind["inputs"])]
    observed.outputs = [_joined(same) for same in _by_call(by_kind["outputs"])]
    for event in by_kind["mode"]:
        if event.replica == 0:
            frozen = bool(event.facts["frozen"])
            mode = Mode(training=bool(event.values[0]) and not frozen, frozen=frozen)
            observed.modes.setdefault(event.label, []).append(mode)
    applied = by_kind["applied"]
    used = {int(event.facts["optimizer"]) for event in applied}
    scale = next((scales[at] for at in used), 1.0)
    _fill_loss(observed, by_kind, scale)
    for event in applied:
        for at, gradient in zip(event.facts["variables"], event.values, strict=True):
            value = np.asarray(gradient, np.float64) / scale
            held = observed.gradients.get(at)
            observed.gradients[at] = value if held is None else held + value
    observed.steps = sum(event.replica == 0 for event in applied)
    return used


def _fill_loss(observed: Observed, by_kind: dict[str, list[Event]], scale: float) -> None:
    targets = by_kind["target"]
    for same in _by_call(targets):
        observed.loss.values.append(sum(float(event.values[0]) for event in same) / scale)
        observed.loss.shapes.extend(same[0].facts["shapes"])
    for event in by_kind["term"]:
        times, value = (float(np.sum(part)) for part in event.values)
        before = observed.loss.terms.get(event.label, (0.0, 0.0))[0]
        observed.loss.terms[event.label] = (before + times / scale, value)
    made = [dict(enumerate(_joined(same))) for same in _by_call(by_kind["outputs"])]
    for label, events in _by_label(by_kind["passed"]).items():
        observed.loss.passed[label] = _stacked(events, scale)
    at_logits = _by_label(by_kind["passed_logits"])
    for label, events in _by_label(by_kind["logits"]).items():
        values = _stacked(events, 1.0)
        outputs = np.concatenate([call[int(label)] for call in made])
        through = observed.loss.passed.get(label)
        behind = None if through is None else _behind(through, values, outputs)
        direct = _stacked(at_logits[label], scale) if label in at_logits else None
        known = [part for part in (behind, direct) if part is not None]
        if known:
            observed.loss.passed[label] = np.asarray(sum(known), np.float64)


def _behind(passed: Floats, logits: Floats, outputs: Floats) -> Floats:
    """The gradient at the logits of what comes back at the probabilities made of them."""
    if passed.shape != logits.shape:
        return passed
    sigmoid = 1.0 / (1.0 + np.exp(-logits))
    if np.allclose(outputs, sigmoid, rtol=1e-3, atol=1e-6):
        return np.asarray(passed * sigmoid * (1.0 - sigmoid))
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    softmax = shifted / shifted.sum(axis=-1, keepdims=True)
    return np.asarray(softmax * (passed - (passed * softmax).sum(axis=-1, keepdims=True)))


def _by_call(events: Sequence[Event]) -> list[list[Event]]:
    """Events of one call of the model together, one for each replica."""
    by_replica: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        by_replica[event.replica].append(event)
    calls = max((len(held) for held in by_replica.values()), default=0)
    return [
        [by_replica[at][call] for at in sorted(by_replica) if call < len(by_replica[at])]
        for call in range(calls)
    ]


def _joined(events: Sequence[Event]) -> list[Any]:
    """The values of one call, the rows of all replicas one after the other."""
    parts = [event.values for event in events]
    if len(parts) == 1:
        return list(parts[0])
    return [np.concatenate(same) if same[0].ndim else same[0] for same in zip(*parts, strict=True)]


def _by_label(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.label].append(event)
    return found


def _stacked(events: Sequence[Event], scale: float) -> Floats:
    """The rows of all calls, and of all replicas in each, as float64."""
    rows = [part for same in _by_call(events) for part in _joined(same)[:1]]
    return np.asarray(np.concatenate([np.atleast_1d(row) for row in rows]), np.float64) / scale
