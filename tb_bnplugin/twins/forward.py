"""Where two steps part on the way forward: inputs, modes, outputs, loss and regularization."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from tb_bnplugin.printed import num, num_beside_1, nums
from tb_bnplugin.twins.divergence import Divergence, counted, shortened
from tb_bnplugin.twins.observed import Floats, Mode, Observed
from tb_bnplugin.twins.tolerance import Tolerance, norm, ratio


def inputs(first: Observed, second: Observed, tolerance: Tolerance) -> Iterator[Divergence]:
    """The inputs of the model, call by call."""
    if len(first.inputs) != len(second.inputs):
        yield Divergence(
            stage="inputs",
            subject="calls",
            message=f"{first.name} calls the model {_calls(first)}, {second.name} {_calls(second)}",
            ratio=len(second.inputs) / len(first.inputs),
        )
        return
    for at, (one, other) in enumerate(zip(first.inputs, second.inputs, strict=True)):
        where = "" if len(first.inputs) == 1 else f" of call {at + 1}"
        shapes = [tuple(part.shape) for part in one], [tuple(part.shape) for part in other]
        if shapes[0] != shapes[1]:
            message = f"the inputs{where} have other shapes: {shapes[0]} and {shapes[1]}"
            yield Divergence(stage="inputs", subject="shape", message=message)
            continue
        for part, twin in zip(one, other, strict=True):
            a, b = np.asarray(part, np.float64), np.asarray(twin, np.float64)
            # nothing is computed yet: one rounding, where one of them is less precise
            same = norm(a - b) <= 2.0 * tolerance.unit * max(norm(a), norm(b))
            if not same and not np.array_equal(a, b, equal_nan=True):
                message = (
                    f"the inputs{where} differ: {_spread(first.name, part)},"
                    f" {_spread(second.name, twin)}"
                )
                yield Divergence(stage="inputs", subject="values", message=message)


def modes(first: Observed, second: Observed) -> Iterator[Divergence]:
    """In which mode each layer ran; layers that differ alike are told together."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in {**first.modes, **second.modes}:
        one, other = first.modes.get(path, []), second.modes.get(path, [])
        kinds = {mode.training for mode in one}, {mode.training for mode in other}
        if kinds[0] != kinds[1]:
            alike[_modes(one), _modes(other)].append(path)
    for (mode, twin), paths in alike.items():
        message = (
            f"{counted(len(paths), 'layer')} ({shortened(paths)}): {mode} in {first.name},"
            f" {twin} in {second.name}"
        )
        yield Divergence(stage="modes", subject=shortened(paths), message=message)


def outputs(first: Observed, second: Observed, tolerance: Tolerance) -> Iterator[Divergence]:
    """The outputs of the model, call by call."""
    for at, (one, other) in enumerate(zip(first.outputs, second.outputs, strict=True)):
        where = "" if len(first.outputs) == 1 else f" of call {at + 1}"
        for part, twin in zip(one, other, strict=True):
            a, b = np.asarray(part, np.float64), np.asarray(twin, np.float64)
            if a.shape != b.shape:
                message = f"the outputs{where} have other shapes: {a.shape} and {b.shape}"
                yield Divergence(stage="outputs", subject="shape", message=message)
            elif not tolerance.same(a, b):
                apart = norm(a - b) / max(norm(a), norm(b))
                message = f"the outputs{where} are {num(apart)} of their size apart"
                yield Divergence(stage="outputs", subject="values", message=message, ratio=apart)


def loss(
    first: Observed, second: Observed, tolerance: Tolerance, *, same_outputs: bool = True
) -> Iterator[Divergence]:
    """The loss that is differentiated: by its gradient at the outputs, and by its value."""
    found = False
    for label in {**first.loss.passed, **second.loss.passed}:
        if label not in first.loss.passed or label not in second.loss.passed:
            found = True
            seen, bare = (first, second) if label in first.loss.passed else (second, first)
            message = (
                f"output {int(label) + 1} is in the loss of {seen.name}, and not in that of"
                f" {bare.name}"
            )
            yield Divergence(stage="loss", subject="outputs", message=message)
            continue
        one, other = first.loss.passed[label], second.loss.passed[label]
        # a loss of probabilities is the difference of two numbers near 1, over the rows
        rounded = tolerance.unit * float(np.sqrt(one.size)) / max(first.rows, 1)
        if tolerance.same(one, other) or norm(one - other) <= rounded:
            continue
        found = True
        of = "" if len(first.loss.passed) == 1 else f" of output {int(label) + 1}"
        yield Divergence(
            stage="loss",
            subject="gradient",
            message=_explained(first, second, of, one, other, tolerance, same_outputs),
            ratio=ratio(one, other)[0],
        )
    ours, theirs = first.loss.total - first.loss.added, second.loss.total - second.loss.added
    same = tolerance.same_number(first.loss.total, second.loss.total) or tolerance.same_number(
        ours, theirs, max(abs(first.loss.total), abs(second.loss.total), _product(first))
    )
    if not found and not same:
        values = nums((first.loss.total, second.loss.total))
        message = (
            f"the loss that is differentiated is {values[0]} in {first.name},"
            f" {values[1]} in {second.name}"
        )
        yield Divergence(stage="loss", subject="value", message=message, ratio=theirs / ours)


def regularization(
    first: Observed, second: Observed, tolerance: Tolerance, *, same_gradients: bool
) -> Iterator[Divergence]:
    """How often each regularizer, and what layers add, is in the loss."""
    if same_gradients and tolerance.same_number(first.loss.total, second.loss.total):
        return  # a program may write its penalties by hand
    alike: dict[tuple[float, float], list[str]] = defaultdict(list)
    for label in {**first.loss.terms, **second.loss.terms}:
        one, other = (side.loss.terms.get(label, (0.0, 0.0))[0] for side in (first, second))
        if not tolerance.same_number(one, other):
            alike[round(one, 6), round(other, 6)].append(label)
    for (one, other), labels in alike.items():
        message = (
            f"{counted(len(labels), 'term')} ({shortened(labels)}): {_times(one)} in the loss of"
            f" {first.name}, {_times(other)} in that of {second.name}"
        )
        yield Divergence(
            stage="regularization",
            subject=shortened(labels),
            message=message,
            ratio=other / one if one else float("nan"),
        )


def _explained(
    first: Observed,
    second: Observed,
    of: str,
    passed: Floats,
    twin: Floats,
    tolerance: Tolerance,
    same_outputs: bool,  # noqa: FBT001  # one of the facts
) -> str:
    factor, cosine = ratio(passed, twin)
    totals = first.loss.total, second.loss.total
    values = f"; its value is {' and '.join(nums(totals))}" if first.loss.values else ""
    vector = next((shape for shape in second.loss.shapes if shape), None)
    summed = "" if vector is None else f"; a tensor {vector} is differentiated, which is its sum"
    if np.isnan(factor) or not tolerance.same(factor * passed, twin):
        numbers = "" if np.isnan(cosine) else f" (cosine {num(cosine)}, factor {num(factor)})"
        told = (
            f"the gradient{of} at the outputs points elsewhere: another loss{numbers}"
            if same_outputs
            else f"the gradient{of} at the outputs differs, as the outputs do{numbers}"
        )
        return f"{told}{values}{summed}"
    width = int(np.prod(passed.shape[1:]))
    named = {
        "the outputs of a row": width,
        "the rows": first.rows,
        "the replicas": first.replicas,
        "the values of the batch": width * first.rows,
    }
    known = [
        f"{'divided by ' if power < 0 else ''}{name} ({count})"
        for name, count in named.items()
        for power in (1, -1)
        if count > 1 and tolerance.same_number(factor, float(count) ** power)
    ]
    return (
        f"{second.name} differentiates {num_beside_1(factor)} times the loss of {first.name}{of}"
        f"{', ' if known else ''}{' or '.join(known)}{values}{summed}"
    )


def _product(side: Observed) -> float:
    """The size of the terms that a loss is the sum of, as far as its gradient says."""
    if len(side.outputs) != 1:
        return 0.0
    made = [np.asarray(part, np.float64) for part in side.outputs[0]]
    return sum(
        float(np.sum(np.abs(passed * made[int(label)])))
        for label, passed in side.loss.passed.items()
        if made[int(label)].shape == passed.shape
    )


def _modes(modes: list[Mode]) -> str:
    kinds = {mode.training for mode in modes}
    if not kinds:
        return "not run"
    if len(kinds) == 2:
        return "both modes"
    frozen = " (frozen)" if modes[0].frozen else ""
    return "training mode" if kinds == {True} else f"inference mode{frozen}"


def _calls(side: Observed) -> str:
    rows = sorted({int(call[0].shape[0]) for call in side.inputs if call and call[0].ndim})
    times = "once" if len(side.inputs) == 1 else f"{len(side.inputs)} times"
    return f"{times} on {' or '.join(map(str, rows))} rows" if rows else times


def _spread(name: str, values: Floats) -> str:
    held = np.asarray(values, np.float64)
    return f"mean {num(held.mean())}, standard deviation {num(held.std())} in {name}"


def _times(count: float) -> str:
    words = {0.0: "not", 1.0: "once", 2.0: "twice"}
    return words.get(count, f"{num(count)} times")
