"""Statistics of what enters each batch normalization layer while a held batch runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_bnplugin.keras.calls.arguments import given_inputs, given_mask
from tb_bnplugin.keras.calls.batch_values import channel_axes
from tb_bnplugin.keras.variables import local
from tb_bnplugin.measure.attribution import suspicion
from tb_bnplugin.measure.probed_layer import Entered, compare

Values = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


class LayerInputs:
    """Takes the statistics of what enters layers, call by call.

    A layer that runs within a traced function, has no rows, or holds anything but numbers is left
    out: nothing is known of it.
    """

    def __init__(self) -> None:
        self._calls: dict[int, tuple[Any, list[Entered]]] = {}  # in the order in which they ran
        self._unknown: set[int] = set()

    def note(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Take the statistics of what a layer is about to be called with."""
        try:
            entered = _measure(layer, given_inputs(layer, args, kwargs), given_mask(args, kwargs))
        except Exception:  # noqa: BLE001  # inputs of a kind that only their layer knows
            entered = None
        if entered is None:
            self._unknown.add(id(layer))
        held = self._calls.setdefault(id(layer), (layer, []))[1]
        if entered is not None:
            held.append(entered)

    def calls(self) -> Iterator[tuple[Any, list[Entered]]]:
        """Each layer that ran, with what entered it call by call; [] where it is not known."""
        for at, (layer, calls) in self._calls.items():
            yield layer, [] if at in self._unknown else calls

    def suspicions(self) -> dict[int, tuple[float, bool]]:
        """How far the statistics of each layer that ran are off, and beyond chance: by its id."""
        return {
            id(layer): max(
                suspicion(call, _flat(layer.moving_mean), _flat(layer.moving_variance), _eps(layer))
                for call in calls
            )
            if calls
            else (0.0, False)
            for layer, calls in self.calls()
        }

    def compared(self) -> dict[int, dict[str, float]]:
        """Values of PROBE_LAYER_COLUMNS by id of the layer, of all that were measured."""
        return {
            at: compare(calls, _flat(layer.moving_mean), _flat(layer.moving_variance), _eps(layer))
            for at, (layer, calls) in self._calls.items()
            if at not in self._unknown
        }


def _measure(layer: Any, inputs: Any, mask: Any) -> Entered | None:
    if not tf.executing_eagerly() or inputs is None:
        return None
    inputs = tf.cast(tf.convert_to_tensor(inputs), tf.float32)
    channels, rank = channel_axes(layer, inputs.shape.rank), inputs.shape.rank
    if not len(inputs) or 0 in channels:
        return None
    spread = [at for at in range(1, rank) if at not in channels]
    ordered = tf.transpose(inputs, [0, *spread, *sorted(channels)])
    width = int(np.prod([inputs.shape[at] for at in channels]))
    values = tf.reshape(ordered, [len(inputs), -1, width])  # [rows, values, channels]
    weights = _weights(mask, inputs, values)
    if weights is None:
        return None
    held: Floats = weights.numpy().sum(axis=(1, 2), dtype=np.float64)
    sums = _float64(tf.reduce_sum(weights * values, axis=1))
    mean = sums.sum(axis=0) / held.sum()
    off = values - tf.constant(mean, tf.float32)
    squares = _float64(tf.reduce_sum(weights * tf.square(off), axis=1))
    return Entered.from_rows(held, sums, squares)


def _weights(mask: Any, inputs: tf.Tensor, values: tf.Tensor) -> tf.Tensor | None:
    """1 for each value that counts, [rows, values, 1]; None where a mask has another shape."""
    if mask is None:
        return tf.ones([*values.shape[:2], 1], tf.float32)
    mask = tf.cast(tf.convert_to_tensor(mask), tf.float32)
    if mask.shape != inputs.shape[:-1]:
        return None
    return tf.reshape(mask, [*values.shape[:2], 1])


def _float64(tensor: tf.Tensor) -> Floats:
    return np.asarray(tensor, np.float64)


def _flat(variable: Any) -> Floats:
    return np.asarray(local(variable), np.float64).reshape(-1)


def _eps(layer: Any) -> float:
    return float(getattr(layer, "epsilon", 1e-3))
