"""How large a step of plain gradient descent is, for programs whose fault is the loss's scale."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.data import Digits
from benchmarks.findings.variables import flat, trained
from benchmarks.fixes.bench import FixBench


def step_of(model: Any, train_step: Callable[..., Any], x: Any, y: Any) -> Any:
    """The change of the weights by one step, after which all is as before."""
    weights = model.get_weights()
    before = trained(model)
    train_step(x, y)
    change = trained(model) - before
    model.set_weights(weights)
    return change


def growth(model: Any, train_step: Callable[..., Any], data: Digits, *, rows: int) -> float:
    """Times by which the step is larger where every row of a batch stands there twice."""
    x, y = data.x[:rows], data.y[:rows]
    once = step_of(model, train_step, x, y)
    twice = step_of(model, train_step, np.concatenate([x, x]), np.concatenate([y, y]))
    return float(np.linalg.norm(twice) / np.linalg.norm(once))


def rate_as_printed(bench: FixBench, rate: float) -> float:
    """The learning rate that the printed fix asks for.

    As "multiply the learning rate by 1.5", or "use learning_rate = 0.15 instead of 0.1".
    """
    if bench.printed is None:
        return rate
    if named := re.search(r"use learning_rate = (\S+) instead of (\S+)\.", bench.printed.fix):
        if not np.isclose(rate, float(named[2]), rtol=1e-3):
            raise ValueError(f"the fix takes the learning rate for {named[2]}; it is {rate:g}")
        return float(named[1])
    asked = re.search(r"multiply the learning rate by (\d[\d.e+-]*\b)", bench.printed.fix)
    return rate * float(asked[1]) if asked else rate


def check_kept(model: Any, train_step: Callable[..., Any], before: Any, x: Any, y: Any) -> None:
    """Checks that a step is as long as it was before the cure.

    Args:
        model: that trains.
        train_step: of the cured program.
        before: the loss of the faulty program, times its learning rate.
        x: one batch.
        y: its labels.

    Raises:
        ValueError: it is not.
    """
    cured, faulty = step_of(model, train_step, x, y), gradient_of(model, before, x, y)
    times = float(np.linalg.norm(cured) / np.linalg.norm(faulty))
    if not 0.99 <= times <= 1.01:
        raise ValueError(f"with the learning rate as printed a step is {times:.3g} times as long")


def gradient_of(model: Any, loss_fn: Callable[..., Any], x: Any, y: Any) -> Any:
    """The gradient of a loss, as one vector."""
    with tf.GradientTape() as tape:
        loss = loss_fn(y, model(x, training=True))
    return flat(tape.gradient(loss, model.trainable_variables))


def gradient_ratio(
    model: Any, loss_fn: Callable[..., Any], other: Callable[..., Any], x: Any, y: Any
) -> float:
    """Times by which the gradient of a loss is larger than that of another one."""
    mine, theirs = gradient_of(model, loss_fn, x, y), gradient_of(model, other, x, y)
    return float(np.linalg.norm(mine) / np.linalg.norm(theirs))


def step_ratio(
    model: Any, train_step: Callable[..., Any], loss_fn: Any, data: Digits, *, rate: float
) -> float:
    """Times by which a step is larger than that along the gradient of a mean over all rows."""
    x, y = data.x[:48], data.y[:48]
    step = step_of(model, train_step, x, y)
    mean = gradient_of(model, lambda *pair: tf.reduce_mean(loss_fn(*pair)), x, y)
    return float(np.linalg.norm(step) / np.linalg.norm(rate * mean))
