"""Where two steps part on the way back: gradients, what the optimizer made of them, and state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from tb_bnplugin.printed import num, num_beside_1, nums
from tb_bnplugin.twins.divergence import Divergence, counted, shortened
from tb_bnplugin.twins.observed import Floats, Observed, Weight
from tb_bnplugin.twins.tolerance import Tolerance, norm, ratio

ALIKE = 1e-3
"""Relative distance up to which the ratios of several layers are told as one."""


def gradients(first: Observed, second: Observed, tolerance: Tolerance) -> Iterator[Divergence]:
    """The gradients that the optimizer is handed for each weight, in sum over its steps."""
    layers: dict[str, list[tuple[str, Floats, Floats]]] = defaultdict(list)
    missing: dict[str, list[str]] = defaultdict(list)
    for at, weight in enumerate(first.weights):
        one, other = first.gradients.get(at), second.gradients.get(at)
        if one is None and other is None:
            continue
        if one is None or other is None:
            missing[(first if one is None else second).name].append(weight.name)
            continue
        layers[weight.layer].append((weight.name, one, other))
    for side, names in missing.items():
        other_side = second.name if side == first.name else first.name
        verb = "gets" if len(names) == 1 else "get"
        yield Divergence(
            stage="gradients",
            subject=shortened(names),
            message=f"{counted(len(names), 'weight')} ({shortened(names)}) {verb} a gradient in"
            f" {other_side}, and none in {side}",
        )
    noise = _noise(first, second, tolerance)
    found: list[tuple[str, float, float, float, float]] = []
    for layer, held in layers.items():
        differing = [
            (one, other)
            for name, one, other in held
            if not np.isfinite(other - one).all()
            or norm(other - one) > tolerance.relative * _size(held) + noise * np.sqrt(one.size)
        ]
        if differing:
            a = np.concatenate([one.reshape(-1) for one, _ in differing])
            b = np.concatenate([other.reshape(-1) for _, other in differing])
            found.append((layer, norm(a), norm(b), *ratio(a, b)))
    yield from _told_together(first, second, found, len(layers))


def _told_together(
    first: Observed,
    second: Observed,
    found: Sequence[tuple[str, float, float, float, float]],
    layers: int,
) -> Iterator[Divergence]:
    factors = np.array([factor for *_, factor, _ in found])
    parallel = all(cosine > 1.0 - ALIKE for *_, cosine in found)
    if len(found) > 1 and parallel and np.ptp(factors) <= ALIKE * float(np.abs(factors).max()):
        where = "all layers" if len(found) == layers else shortened([layer for layer, *_ in found])
        yield Divergence(
            stage="gradients",
            subject="all" if len(found) == layers else where,
            message=f"in {where}, {second.name} hands over {num_beside_1(factors.mean())} times the"
            f" gradients of {first.name}",
            ratio=float(factors.mean()),
        )
        return
    for layer, one, other, factor, cosine in found:
        sizes = nums((one, other))
        yield Divergence(
            stage="gradients",
            subject=layer,
            message=f"{layer}: norm {sizes[0]} in {first.name}, {sizes[1]} in {second.name}"
            f" (ratio {num(other / one if one else np.inf)}, cosine {num(cosine)})",
            ratio=factor,
        )


def optimizer(first: Observed, second: Observed, tolerance: Tolerance) -> Iterator[Divergence]:
    """Which optimizers made how many steps, and what was added to each weight."""
    if first.steps != second.steps and first.steps and second.steps:
        message = (
            f"{first.name} makes {counted(first.steps, 'step')} of the optimizer,"
            f" {second.name} {second.steps}"
        )
        yield Divergence(
            stage="optimizer", subject="steps", message=message, ratio=second.steps / first.steps
        )
    noise = _noise(first, second, tolerance)
    differing = []
    for at, (one, other) in enumerate(zip(first.weights, second.weights, strict=True)):
        if one.statistic is not None:
            continue
        allowed = _allowed(first, second, at, noise, tolerance)
        if not norm(other.update - one.update) <= allowed:
            differing.append((one, other))
    if not differing:
        return
    a = np.concatenate([one.update.reshape(-1) for one, _ in differing])
    b = np.concatenate([other.update.reshape(-1) for _, other in differing])
    factor, cosine = ratio(a, b)
    named = list(dict.fromkeys(filter(None, (_names(first), _names(second)))))
    by = f"; {' against '.join(named)}" if named else ""
    sizes = nums((norm(a), norm(b)))
    yield Divergence(
        stage="optimizer",
        subject=shortened([one.name for one, _ in differing]),
        message=f"the updates of {counted(len(differing), 'weight')} differ: norm"
        f" {sizes[0]} in {first.name}{_rates(first, norm(a))}, {sizes[1]} in"
        f" {second.name}{_rates(second, norm(b))}"
        f" (factor {num_beside_1(factor)}, cosine {num(cosine)}){by}",
        ratio=factor,
    )


def statistics(first: Observed, second: Observed, tolerance: Tolerance) -> Iterator[Divergence]:
    """The moving statistics afterwards, a layer at a time."""
    alike: dict[str, list[str]] = defaultdict(list)
    for one, other in zip(first.weights, second.weights, strict=True):
        if one.statistic is None or norm(one.after - other.after) <= _rounded(
            one, other, tolerance
        ):
            continue
        moves = (norm(one.update), norm(other.update))
        if not moves[1]:
            told = f"move in {first.name}, and not in {second.name}"
        elif not moves[0]:
            told = f"move in {second.name}, and not in {first.name}"
        else:
            told = f"move differently in {first.name} and {second.name}"
        if one.layer not in alike[told]:
            alike[told].append(one.layer)
    for told, layers in alike.items():
        yield Divergence(
            stage="statistics",
            subject=shortened(layers),
            message=f"the moving statistics of {counted(len(layers), 'layer')}"
            f" ({shortened(layers)}) {told}",
        )


def metrics(first: Observed, second: Observed, tolerance: Tolerance) -> Iterator[Divergence]:
    """The metrics that both compute under the same name."""
    for name, other_name in matched(first, second):
        one, other = first.metrics[name], second.metrics[other_name]
        if not tolerance.same_number(one, other):
            called = "" if name == other_name else f" ({other_name!r})"
            values = nums((one, other))
            yield Divergence(
                stage="metrics",
                subject=name,
                message=f"{name} is {values[0]} in {first.name}, {values[1]} in"
                f" {second.name}{called}",
                ratio=other / one if one else float("nan"),
            )


def matched(first: Observed, second: Observed) -> list[tuple[str, str]]:
    """The metrics of both by name: the same one, or one that holds the other ("train_loss")."""
    found = [(name, name) for name in first.metrics if name in second.metrics]
    taken = {name for name, _ in found}
    for name in first.metrics:
        if name in taken:
            continue
        alike = [each for each in second.metrics if each not in taken and name in each]
        if len(alike) == 1:
            found.append((name, alike[0]))
    return found


def _size(held: Sequence[tuple[str, Floats, Floats]]) -> float:
    return max(max(norm(one), norm(other)) for _, one, other in held)


def _noise(first: Observed, second: Observed, tolerance: Tolerance) -> float:
    """The rounding in one number of a gradient.

    A gradient that is exactly zero, as that of a bias before a batch normalization, is what is
    left of terms that cancel: it is as large as the rounding of those.
    """
    sizes = []
    for side in (first, second):
        values = [value.reshape(-1) for value in side.gradients.values()]
        if values:
            joined = np.concatenate(values)
            sizes.append(norm(joined) / np.sqrt(joined.size))
    return tolerance.relative * min(sizes, default=0.0)


def _allowed(
    first: Observed, second: Observed, at: int, noise: float, tolerance: Tolerance
) -> float:
    """How far apart two updates may be that are made of the same gradients.

    A gradient that is off by a part of itself makes an update that is off by the same part, with
    SGD as with an optimizer that divides by the size of the gradient. Where the gradient is no more
    than rounding, the latter may step either way.
    """
    one, other = first.weights[at], second.weights[at]
    step = np.maximum(np.abs(one.update), np.abs(other.update))
    given = [side.gradients[at] for side in (first, second) if at in side.gradients]
    part = np.zeros(step.shape)
    if given:
        smallest = np.min([np.abs(gradient) for gradient in given], axis=0)
        rounding = noise + tolerance.relative * max(norm(g) / np.sqrt(g.size) for g in given)
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(smallest > 0.0, np.minimum(rounding / smallest, 2.0), 0.0)
    stored = 2.0 * tolerance.unit * np.maximum(np.abs(one.after), np.abs(other.after))
    return norm(step * part) + tolerance.relative * norm(step) + norm(stored)


def _rounded(one: Weight, other: Weight, tolerance: Tolerance) -> float:
    """How far apart a moving statistic may be: the mean of a batch, of values that may cancel."""
    part = 1.0 - one.momentum
    moved = max(norm(one.update), norm(other.update))
    held = max(norm(one.before), norm(one.after))
    terms = max(held, one.spread, other.spread)
    return tolerance.relative * (moved + part * terms) + 4.0 * tolerance.unit * held


def _names(side: Observed) -> str:
    return " and ".join(str(each) for each in side.optimizers)


def _rates(side: Observed, size: float) -> str:
    rates = {each.learning_rate for each in side.optimizers}
    rate = rates.pop() if len(rates) == 1 else float("nan")
    return f", {num(size / rate)} times its learning rate" if rate > 0.0 else ""
