"""The probe: one held batch through the model, with moving and with batch statistics.

Nothing is left behind: variables, counters, losses and seeds are as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import Flavour, flavour_of
from tb_bnplugin.keras.losses import measure as loss_measure
from tb_bnplugin.keras.losses.options import LossOptions, tell_nobody
from tb_bnplugin.keras.losses.resolve import check_losses
from tb_bnplugin.keras.optimizers import description
from tb_bnplugin.keras.probe import score
from tb_bnplugin.keras.probe.attribution import attribute_gap
from tb_bnplugin.keras.probe.forced_mode import force_batch_statistics, force_moving_statistics
from tb_bnplugin.keras.probe.forward import forward
from tb_bnplugin.keras.probe.layer_inputs import LayerInputs
from tb_bnplugin.measure.attribution import score_of_gap
from tb_bnplugin.measure.outputs import distance_of, spread_and_scale
from tb_bnplugin.printed import error_line
from tb_bnplugin.schema.columns import PROBE_COLUMNS, PROBE_ROWS
from tb_bnplugin.schema.facts import LossFacts

Floats = npt.NDArray[np.float64]

__all__ = [
    "ProbeResult",
    "force_batch_statistics",
    "measure_compiled_loss",
    "pack",
    "pack_layers",
    "run",
]

Attempt = Callable[..., Any]
"""Runs a part of the work that may fail alone, as `Guard.attempt`."""

_NAN: Final = float("nan")


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """One held batch, with moving and with batch statistics."""

    moving: Mapping[str, float]  # PROBE_COLUMNS, then metrics behind METRIC_PREFIX
    batch: Mapping[str, float]  # the same keys
    layers: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    """Measurements of layers: by id of the layer, values of PROBE_LAYER_COLUMNS."""


def run(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Any = None,
    sample_weight: Any = None,
    attempt: Attempt | None = None,
) -> ProbeResult:
    """Loss, metrics, spread and scale of the outputs, with moving and with batch statistics.

    Beside them, the statistics of what enters each layer in the pass with moving statistics, and
    how far the moving ones are from them.

    The model runs in inference mode; only each batch normalization layer's own mode is forced.

    Args:
        model: a built Keras model.
        x: inputs of one batch as the model takes them: array, tensor, list or dict of them.
        y: labels, in the structure that `fit` takes; None: neither loss nor accuracy.
        loss: as `summary.loss_reduction` takes it; the compiled loss if None. Of one that returns
            several values, as with `reduction=None`, their mean. With several outputs a name or a
            Keras loss is summed over them.
        sample_weight: weights for the loss, or None.
        attempt: runs what tells the layers that cause a gap of the modes, where there is one, in
            some passes more; it may fail alone. None: they are not asked for.

    Raises:
        TypeError: `model` is no Keras model, or `loss` no loss.
        NotBuiltError: the model, or a layer that it calls, is not built (a ValueError).
    """
    flavour = flavour_of(model)
    if loss is not None:
        check_losses(loss)
    x, y, sample_weight = (_tensors(flavour, part) for part in (x, y, sample_weight))
    entered = LayerInputs()
    moving = forward(flavour, model, x, force_moving_statistics(model, entered.note))
    batch = forward(flavour, model, x, force_batch_statistics(model))
    scoring = _Scoring(flavour, model, y, sample_weight, loss)
    rows = scoring.row(moving), scoring.row(batch)
    layers = entered.compared()
    if attempt is not None:
        found = attempt("attribution", _attribute, scoring, x, (moving, batch), rows)
        for layer, columns in (found or {}).items():
            layers[layer] = layers.get(layer, {}) | columns
    return ProbeResult(moving=rows[0], batch=rows[1], layers=layers)


@dataclass(frozen=True)
class _Scoring:
    """The scores of predictions on the held batch."""

    flavour: Flavour
    model: Any
    y: Any
    sample_weight: Any
    given_loss: Any

    def row(self, predictions: Any) -> dict[str, float]:
        """The values of PROBE_COLUMNS, then the compiled metrics."""
        row = dict.fromkeys(PROBE_COLUMNS, _NAN)
        outputs = _arrays(predictions)
        row["spread"], row["scale"] = spread_and_scale(outputs)
        row["batch"] = float(len(outputs[0]))
        if self.y is not None:
            row["accuracy"], row["loss"] = self.accuracy(predictions), self.loss(predictions)
            with suspend(), record.stop_recording():
                given = (self.flavour, self.model, self.y, predictions, self.sample_weight)
                row |= score.metrics_of(*given)
        return row

    def loss(self, predictions: Any) -> float:
        """The given or compiled loss."""
        with suspend(), record.stop_recording():
            given = (self.y, predictions, self.sample_weight, self.given_loss)
            return score.loss_of(self.flavour, self.model, *given)

    def accuracy(self, predictions: Any) -> float:
        """The share of rows that are told right."""
        with suspend(), record.stop_recording():
            return score.accuracy_of(_arrays(predictions), self.y)


def _attribute(
    scoring: _Scoring,
    x: Any,
    passes: tuple[Any, Any],
    rows: tuple[Mapping[str, float], Mapping[str, float]],
) -> dict[int, dict[str, float]]:
    """Values of the columns of attribution by id of the layer; {} where there is no gap."""
    moving, batch = passes
    right = _arrays(batch)

    def distance(predictions: Any) -> float:
        return distance_of(_arrays(predictions), right)

    by = score_of_gap(*rows, distance(moving))
    if by is None:
        return {}

    def value(predictions: Any) -> float:
        if by == "outputs":
            return distance(predictions)
        of = scoring.loss if by == "loss" else scoring.accuracy
        return of(predictions) - rows[1][by]

    return attribute_gap(scoring.flavour, scoring.model, x, value, value(moving))


def _arrays(predictions: Any) -> list[Floats]:
    return [np.asarray(part, np.float64) for part in tf.nest.flatten(predictions)]


def pack(result: ProbeResult, columns: Sequence[str]) -> Floats:
    """The result as on disk, float64 [PROBE_ROWS, columns]; NaN where it lacks a column."""
    rows = [getattr(result, row) for row in PROBE_ROWS]
    return np.array([[row.get(column, _NAN) for column in columns] for row in rows], np.float64)


def pack_layers(result: ProbeResult, layers: Sequence[int], columns: Sequence[str]) -> Floats:
    """Measurements of layers as on disk, float64 [layers, columns]; NaN: not measured.

    Args:
        result: of the probe.
        layers: ids of the layers, in the order of the record.
        columns: names of the columns, in theirs.
    """
    rows = [result.layers.get(layer, {}) for layer in layers]
    table = [[row.get(column, _NAN) for column in columns] for row in rows]
    return np.array(table, np.float64).reshape(len(layers), len(columns))


def measure_compiled_loss(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    tell: Callable[[str, str], None] = tell_nobody,
) -> list[tuple[Floats, LossFacts]]:
    """The measurements of the compiled loss of each output on a held batch.

    Predictions are made in inference mode, and losses measured in the strategy's scope.

    Args:
        model: that is compiled.
        x, y, sample_weight: the held batch, in the structures that `fit` takes.
        tell: is told the name of each output that cannot be measured, and why.

    Returns:
        float64 [LOSS_COLUMNS] and the facts of each output's loss; "loss" is the name where there
        is one. Empty where nothing is compiled, or there are no labels.
    """
    flavour = flavour_of(model)
    if y is None:
        return []
    x, y, sample_weight = (_tensors(flavour, part) for part in (x, y, sample_weight))
    predictions = forward(flavour, model, x, force_moving_statistics(model))
    found = []
    with suspend(), record.stop_recording(), _strategy_scope(model) as replicas:
        for part, data in score.loss_parts(flavour, model, y, predictions, sample_weight):
            options = LossOptions(
                sample_weight=data.weights,
                replicas=replicas,
                learning_rate=_learning_rate(model),
                keras=flavour.keras,
                name=part.name,
                taken_from="probe_data",
            )
            try:
                given = (part.loss, data.labels, data.predictions)
                vector, facts = loss_measure.measure(*given, options)
            except Exception as error:  # noqa: BLE001  # the others are measured all the same
                tell(part.name, error_line(error))
                continue
            if not flavour.is_keras_3 and facts.reduction in score.MEAN_REDUCTIONS:
                # tf_keras divides by the replicas outside the loss object
                for column in ("measured", "doubled", "permuted"):
                    vector[loss_measure.column_index(column)] /= replicas
            found.append((vector, facts))
    return found


@contextmanager
def _strategy_scope(model: Any) -> Iterator[int]:
    strategy = getattr(model, "distribute_strategy", None) or tf.distribute.get_strategy()
    inside = strategy is tf.distribute.get_strategy()
    with nullcontext() if inside else strategy.scope():
        yield int(strategy.num_replicas_in_sync)


def _learning_rate(model: Any) -> float:
    optimizer = getattr(model, "optimizer", None)
    rate = None if optimizer is None else description.learning_rate(optimizer)
    return _NAN if rate is None else float(rate)


def _tensors(flavour: Flavour, structure: Any) -> Any:
    """Arrays as tensors, float64 as Keras' own float type, as `fit` has them."""

    def convert(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            return tf.constant(value, flavour.keras.backend.floatx())
        return tf.constant(value) if isinstance(value, np.ndarray) else value

    return tf.nest.map_structure(convert, structure)
