"""An identity on the predictions that sees the gradient which comes back through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.guard import Guard
from tb_bnplugin.keras.gradient import pairs, places, rows
from tb_bnplugin.keras.gradient.backward import see_gradient
from tb_bnplugin.keras.gradient.behind import UNKNOWN, Activation, activation_of, with_attributes
from tb_bnplugin.keras.gradient.products import Products
from tb_bnplugin.keras.gradient.reference import Reference
from tb_bnplugin.keras.losses.sampled import where_due
from tb_bnplugin.keras.variables import create_for_replicas

SUMS: Final = (
    "given_by_reference",
    "reference_squared",
    "given_squared",
    "unscaled_by_reference",
    "unscaled_squared",
    *rows.SUMS,
    *pairs.SUMS,
    *places.SUMS,
    "passes",
    "steps",
)
"""The numbers that are added up for each output, float64 each. With d the gradient of what is
differentiated and g that of the reference, both at the predictions: the sums of d * g, of g * g and
of d * d; the two of d divided by the loss scale; those of `rows`, `pairs` and `places`, of that d,
too; how often a gradient came back; and the train steps that were measured."""

MOST_OUTPUTS: Final = 8  # of a model that is measured

Floats = np.ndarray[Any, np.dtype[np.float64]]


def create_sums(strategy: Any) -> tf.Variable:
    """The variable that holds the sums [MOST_OUTPUTS, SUMS], one for each replica."""
    return create_for_replicas(np.zeros((MOST_OUTPUTS, len(SUMS))), strategy, "bn_gradient")


@dataclass(frozen=True)
class Tap:
    """Compares the gradient of one output with that of the reference."""

    reference: Reference
    scale: Callable[[], tf.Tensor]  # the loss scale of the optimizer, a float64 scalar
    sums: Any  # the variable of `create_sums`
    output: int  # the row of it
    guard: Guard
    due: tf.Tensor | None  # whether this step is measured, None: it is

    def on(self, predictions: tf.Tensor, unknown: Callable[[], None]) -> tf.Tensor:
        """The predictions, unchanged.

        Args:
            predictions: [rows, ...], of a floating dtype.
            unknown: is called where a gradient comes back and cannot be compared.
        """
        activation = activation_of(predictions)
        if activation is UNKNOWN:
            return predictions

        def seen(reference: Reference, values: tf.Tensor, given: tf.Tensor) -> None:
            if self.guard.attempt("losses", self._add, reference, values, given) is None:
                unknown()

        def tapped(values: tf.Tensor, behind: Activation | None) -> tf.Tensor:
            reference = self.reference if behind is None else self.reference.behind(behind)
            return see_gradient(values, partial(seen, reference), unknown)

        return with_attributes(predictions, tapped, activation)

    def _add(self, reference: Reference, values: tf.Tensor, given: tf.Tensor) -> bool:
        # behind stop_gradient: a penalty on gradients differentiates what stands here, too
        at, d = tf.stop_gradient(values), tf.stop_gradient(given)
        numbers = where_due(self.due, partial(self._compare, reference, at, d), len(SUMS))
        place = tf.one_hot(self.output, MOST_OUTPUTS, dtype=tf.float64)
        self.sums.assign_add(place[:, tf.newaxis] * numbers)
        return True

    def _compare(self, reference: Reference, at: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
        d = tf.cast(given, tf.float64)
        g = tf.cast(tf.stop_gradient(reference.gradient(at)), tf.float64)
        scale = self.scale()
        unscaled = d / scale
        # one pass over the elements: all else is made of these sums, by place and by row
        products = Products.of(unscaled, g)
        by_row = products.by_row()
        product, given, squared = (tf.reduce_sum(each) for each in by_row.all)
        one, none = tf.ones((), tf.float64), tf.zeros((), tf.float64)
        return tf.stack(
            [
                *(product * scale, squared, given * tf.square(scale)),
                *(product, given),
                *rows.row_sums(by_row),
                *reference.pair_sums(unscaled, at),
                *reference.place_sums(products, at),
                *(one, none),
            ]
        )


def count_step(sums: Any, due: tf.Tensor | None) -> None:
    """Count a train step where it is measured, of all outputs."""
    step = tf.constant([[0.0] * (len(SUMS) - 1) + [1.0]] * MOST_OUTPUTS, tf.float64)
    sums.assign_add(step if due is None else step * tf.cast(due, tf.float64))


def columns_of(by_output: Floats, *, is_unscaled: bool) -> dict[str, float] | None:
    """The columns of a record; None: no gradient came back.

    Args:
        by_output: the sums since the record before [outputs, SUMS].
        is_unscaled: what is applied is divided by the loss scale.
    """
    new = dict(zip(SUMS, by_output.sum(axis=0).tolist(), strict=True))
    if not new["passes"] or not new["reference_squared"] > 0:
        return None
    what = "unscaled" if is_unscaled else "given"
    product, squared = new[f"{what}_by_reference"], new[f"{what}_squared"]
    norms = float(np.sqrt(new["reference_squared"] * squared))
    passes = by_output[:, SUMS.index("passes")]
    measured = {
        "factor": product / new["reference_squared"],
        "cosine": product / norms if norms else np.nan,
        "steps": float(by_output[0, SUMS.index("steps")]),
        "passes": float(passes[0]) if (passes == passes[0]).all() else np.nan,
    }
    if squared == new["unscaled_squared"]:  # nothing is divided by a scale that is left on
        measured |= rows.row_columns(new, squared)
        if len(by_output) == 1:
            measured |= pairs.pair_columns(new) | places.place_columns(new, squared)
    return measured
