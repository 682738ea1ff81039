"""The facts that the steps showed, a line each: modes, loss, metrics, weights, statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from tb_bnplugin.diagnose import describe_step
from tb_bnplugin.diagnose.ledger_text import asked_words
from tb_bnplugin.history.model import Call, LossFacts, ModelHistory, Shape
from tb_bnplugin.printed import num

SHOWN: Final = 3
"""Lines of one kind, and names in a line, that are shown."""

_LABEL: Final = 11  # columns of the label before each line


def facts_of(history: ModelHistory) -> tuple[str, ...]:
    """The lines of one model, each with its label."""
    kinds = {
        "modes": _modes,
        "loss": _losses,
        "one step": _step,
        "metrics": _metrics,
        "weights": _weights,
        "statistics": _statistics,
    }
    lines: list[str] = []
    for label, make in kinds.items():
        made = list(make(history))
        lines += [f"{label if not at else '':<{_LABEL}}{line}" for at, line in enumerate(made)]
    return tuple(lines)


def _modes(history: ModelHistory) -> Iterator[str]:
    calls = [call for call in history.calls if call.context not in ("evaluate", "predict")]
    taped = [call for call in calls if call.context == "tape"] or calls
    ways = Counter(_way(call) for call in {(c.layer, _way(c)): c for c in taped}.values())
    for way, count in ways.most_common(SHOWN):
        yield f"{_plural(count, 'layer')} in {way}"
    if len(ways) > SHOWN:
        yield f"and {_plural(len(ways) - SHOWN, 'way')} more"
    called = {call.layer for call in taped}
    silent = [each.path for at, each in enumerate(history.facts.layers) if at not in called]
    if silent:
        yield f"{_plural(len(silent), 'layer')} not called: {_named(silent)}"
    if not history.facts.layers:
        yield "no batch normalization layer that Keras tracks"


def _way(call: Call) -> str:
    if call.mode == "dynamic":
        return f"the mode that a tensor says ({asked_words(call)})"
    frozen = "" if call.trainable else ", frozen"
    return f"{call.mode} mode ({asked_words(call)}{frozen})"


def _losses(history: ModelHistory) -> Iterator[str]:
    measured = {loss.name: loss.facts for loss in history.losses if loss.facts is not None}
    compiled = {loss.name: loss for loss in history.compiled_losses}
    for name, facts in list((compiled | measured).items())[:SHOWN]:
        given = f"{name}: " if len(compiled | measured) > 1 else ""
        yield f"{given}{facts.loss_class}, {_pair(facts)}"


def _pair(facts: LossFacts) -> str:
    labels = f"labels {facts.label_dtype or ''} {_shape(facts.label_shape)}"
    made = f"predictions {facts.prediction_dtype or ''} {_shape(facts.prediction_shape)}"
    return " ".join(f"{labels} against {made}".split())


def _shape(shape: Shape | None) -> str:
    if shape is None:
        return "of a shape that is not known"
    sizes = ["rows", *map(str, shape[1:])] if shape else []
    return f"({', '.join(sizes)})".replace("None", "?")


def _step(history: ModelHistory) -> Iterator[str]:
    text = describe_step(history)
    if text is not None:
        yield text


def _metrics(history: ModelHistory) -> Iterator[str]:
    for metric in history.metrics[:SHOWN]:
        became = "" if metric.compiled_as == metric.metric_class else f" is {metric.metric_class}"
        yield f"{metric.compiled_as!r}{became}"


def _weights(history: ModelHistory) -> Iterator[str]:
    weights = history.facts.weights
    if weights.checked_step is None or not weights.trainable:
        return
    still = weights.unchanged
    changed = weights.trainable - len(still)
    none = f"; none of {_named(still)}" if still else ""
    yield f"the steps change {changed} of {weights.trainable} trainable weights{none}"


def _statistics(history: ModelHistory) -> Iterator[str]:
    probe = history.probe
    if probe is None or not len(probe.steps):
        return
    for name in ("loss", "accuracy"):
        moving, batch = (float(row[name][0]) for row in (probe.moving, probe.batch))
        if np.isfinite(moving) and np.isfinite(batch):
            both = f"{num(moving)} with moving statistics, {num(batch)} with those of the batch"
            yield f"{name} {both}"


def _named(paths: list[str] | tuple[str, ...]) -> str:
    return ", ".join(paths[:SHOWN]) + (", ..." if len(paths) > SHOWN else "")


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
