"""The gradient that came back to the predictions of a loop, against a loss that it hands over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.gradient.behind import ACTIVATIONS
from tb_bnplugin.keras.gradient.passed import (
    ABOUT,
    BEHIND,
    GRADIENT,
    KNOWN,
    MOST,
    PASSES,
    PREDICTIONS,
    SIZE,
    spread,
)
from tb_bnplugin.keras.gradient.reference import Reference
from tb_bnplugin.keras.losses.options import LossOptions
from tb_bnplugin.keras.losses.outputs import Part, parts_of
from tb_bnplugin.keras.losses.resolve import resolve
from tb_bnplugin.keras.losses.structure import leaves, map_leaves

Floats = np.ndarray[Any, np.dtype[np.float64]]

ROUNDED: Final = {"float16": 2e-3, "bfloat16": 2e-2}
"""Relative, by the dtype of predictions that a compiler computed twice; else 1e-5."""

_LEAST: Final = 1e-37  # a probability whose logarithm is finite in float32
_MOST: Final = 1.0 - 2.0**-24


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A loss, with labels, predictions and weights as tensors, in their structures."""

    loss: Any
    labels: Any
    predictions: Any
    options: LossOptions

    @classmethod
    def of(cls, loss: Any, labels: Any, predictions: Any, options: LossOptions) -> Handed:
        """All of it as tensors.

        Raises:
            TypeError, ValueError: it is none.
        """
        tensors = [map_leaves(tf.convert_to_tensor, each) for each in (labels, predictions)]
        weights = options.sample_weight
        weights = None if weights is None else map_leaves(tf.convert_to_tensor, weights)
        options = LossOptions(sample_weight=weights, output_names=options.output_names)
        return cls(loss=loss, labels=tensors[0], predictions=tensors[1], options=options)


def compare(held: Floats, handed: Handed, flavour: Flavour) -> dict[str, float] | None:
    """The columns of the comparison; None where what is held is not of these predictions.

    Args:
        held: [outputs, 3, MOST].
        handed: in eager tensors.
        flavour: that names of losses are of.
    """
    outputs = [each for _, each in leaves(handed.predictions)]
    places = [at for at in range(len(held)) if held[at, ABOUT, PASSES] > 0]
    if len(places) != len(outputs) or not _is_one_pass(held[places]):
        return None
    if not all(map(_are_same, held[places], outputs)):
        return None
    options = handed.options
    parts = parts_of(handed.loss, handed.labels, handed.predictions, options)
    if len(parts) != len(outputs):
        return None
    with suspend():
        compared = [_sums(held[at], part, flavour) for at, part in zip(places, parts, strict=True)]
    both, reference, given = np.sum(compared, axis=0)
    norms = float(np.sqrt(reference * given))
    if not reference > 0.0 or not norms > 0.0:
        return None
    own = [resolve(part.loss, flavour.keras).per_element is not None for part in parts]
    return {
        "tape_factor": float(both / reference),
        "tape_cosine": float(both / norms),
        "tape_rows": float(outputs[0].shape[0] if outputs[0].shape.rank else 1),
        "tape_of_keras": float(all(own)),
    }


def _is_one_pass(held: Floats) -> bool:
    about = held[:, ABOUT]
    return bool((about[:, KNOWN] == 1.0).all() and (about[:, PASSES] == about[0, PASSES]).all())


def _are_same(held: Floats, predictions: tf.Tensor) -> bool:
    """True where these are the predictions to which the gradient came back."""
    if float(held[ABOUT, SIZE]) != float(tf.size(predictions)):
        return False
    mine, theirs = held[PREDICTIONS], np.asarray(spread(predictions))
    if not np.isfinite(mine).all():
        return False
    rounded = ROUNDED.get(predictions.dtype.name, 1e-5)
    return bool(np.allclose(mine, theirs, rtol=rounded, atol=rounded * np.abs(mine).max() / 100))


def _sums(held: Floats, part: Part, flavour: Flavour) -> tuple[float, float, float]:
    """The sums of d * g, g^2 and d^2, with d the gradient that is held and g that of the mean."""
    reference, at = Reference(part, flavour), part.predictions
    behind = int(held[ABOUT, BEHIND])
    if behind:
        name, activation = list(ACTIVATIONS.items())[behind - 1]
        reference, at = reference.behind(activation), _logits(at, name)
    d, g = held[GRADIENT], np.asarray(spread(reference.gradient(at)))
    step = max(float(np.ceil(held[ABOUT, SIZE] / MOST)), 1.0)
    return step * float((d * g).sum()), step * float((g * g).sum()), step * float((d * d).sum())


def _logits(predictions: tf.Tensor, name: str) -> tf.Tensor:
    """Logits of these probabilities: a softmax gives the same with a constant added."""
    known = tf.cast(predictions, tf.float32)
    logits = tf.math.log(tf.maximum(known, _LEAST))
    if name == "Softmax":
        return logits
    return logits - tf.math.log1p(-tf.minimum(known, _MOST))


def flat(handed: Handed) -> list[tf.Tensor]:
    """All tensors of it, in an order that `again` knows."""
    parts = (handed.labels, handed.predictions, handed.options.sample_weight)
    return [leaf for part in parts if part is not None for _, leaf in leaves(part)]


def again(handed: Handed, tensors: Sequence[tf.Tensor]) -> Handed:
    """The same with other tensors, in the order of `flat`."""
    rest = iter(tensors)
    labels, predictions = (
        map_leaves(lambda _: next(rest), part) for part in (handed.labels, handed.predictions)
    )
    weights = handed.options.sample_weight
    weights = None if weights is None else map_leaves(lambda _: next(rest), weights)
    options = replace(handed.options, sample_weight=weights)
    return Handed(loss=handed.loss, labels=labels, predictions=predictions, options=options)
