"""The layers that cause the mode gap of a probe: passes of the held batch, one layer off each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_bnplugin.keras.calls.batch_values import virtual_rows
from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.probe.forced_mode import force_batch_statistics, force_modes
from tb_bnplugin.keras.probe.forward import forward
from tb_bnplugin.keras.probe.layer_inputs import LayerInputs
from tb_bnplugin.measure.attribution import attribute, passes_for

OWN_COLUMNS = {"own_mean_gap": "mean_gap", "own_variance_shift": "variance_shift"}
"""Columns of a layer where all layers before it are right, and how they are measured."""


def attribute_gap(
    flavour: Flavour, model: Any, x: Any, score: Callable[[Any], float], gap: float
) -> dict[int, dict[str, float]]:
    """Values of the columns of attribution, by id of the layer.

    Args:
        flavour: of the model.
        model: built.
        x: inputs of the held batch.
        score: of predictions, 0 with the statistics of the batch.
        gap: the score with moving statistics.
    """
    right = LayerInputs()
    forward(flavour, model, x, force_batch_statistics(model, right.note))
    suspects = right.suspicions()
    order = sorted(suspects, key=lambda layer: -suspects[layer][0])

    def cost(layers: frozenset[int]) -> float:
        predictions = forward(flavour, model, x, _all_right_but(flavour, model, layers, right))
        return score(predictions) / gap

    suspected = sum(beyond_chance for _, beyond_chance in suspects.values())
    shares = attribute(order, suspected, cost, passes_for(len(order)))
    measured = right.compared()
    return {
        layer: _own(measured.get(layer, {}))
        | (
            {"gap_share": shares[layer].share, "gap_share_layers": float(shares[layer].together)}
            if layer in shares
            else {}
        )
        for layer in order
    }


def _own(measured: Mapping[str, float]) -> dict[str, float]:
    return {name: measured[column] for name, column in OWN_COLUMNS.items() if column in measured}


@contextmanager
def _all_right_but(
    flavour: Flavour, model: Any, moving: frozenset[int], right: LayerInputs
) -> Iterator[None]:
    """Within, these layers have their moving statistics, and all others the right ones.

    The right ones are written into the variables, which the pass puts back. A layer that is called
    several times, or that normalizes in a way of its own, takes the statistics of each batch.
    """
    by_batch: set[int] = set()
    for layer, entered in right.calls():
        if id(layer) in moving:
            continue
        if len(entered) == 1 and _is_plain(flavour, layer):
            _write(layer.moving_mean, entered[0].mean)
            _write(layer.moving_variance, entered[0].variance)
        else:
            by_batch.add(id(layer))
    with force_modes(model, lambda layer: id(layer) in by_batch):
        yield


def _is_plain(flavour: Flavour, layer: Any) -> bool:
    """True where a layer normalizes a batch by its mean and variance, and by nothing else."""
    known = isinstance(layer, flavour.keras.layers.BatchNormalization)
    own_call = type(layer).__module__.split(".")[0] != flavour.keras.__name__.split(".")[0]
    renorm = bool(getattr(layer, "renorm", False)) or virtual_rows(layer) is not None
    return known and not own_call and not renorm


def _write(variable: Any, values: npt.NDArray[np.float64]) -> None:
    value = tf.constant(values.reshape(variable.shape))
    variable.assign(tf.cast(value, variable.dtype))
