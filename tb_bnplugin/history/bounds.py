"""The numbers that a log may hold: all else is not known, so that nobody behind asks again.

A log can be damaged, or written by somebody who means harm. Numbers are looked at once, where
records become a history: what comes out is finite or NaN, of a size that can be multiplied and
divided, and of the sign that its column has.
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from tb_bnplugin.schema.columns import (
    BATCH_COUNTERS,
    EXECUTION_COLUMNS,
    TRAINABLE_COUNTERS,
)

LARGEST_COUNT: Final = 2.0**53
"""The largest whole number of which float64, and the page, know the one before."""

LARGEST: Final = 1e100
"""Largest measured value: three of them can be multiplied."""

SMALLEST: Final = 1e-100
"""Values nearer to 0 are 0: one can be divided by two others."""

LATEST: Final = 1e11
"""Largest wall time, seconds: some thousand years from now."""

_COUNTS: Final = frozenset(
    (
        *EXECUTION_COLUMNS,
        *TRAINABLE_COUNTERS,
        *BATCH_COUNTERS,
        "statistics_changes",
        "gamma_beta_changes",
        "external_changes",
        "trainable_ignored",
        "trainable_ignored_frozen",
        "mean_only_records",
        "variance_only_records",
        "idle_records",
        "stalled_executions",
        "low_precision_updates",
        "uncounted_loops",
        "uncounted_loop_changes",
        "put_back_inference",
        "copies_compared",
        "record",
        "iterations",
        "weight_changes",
        "evaluations",
        "predictions",
        "record_reason",
        "label_rank",
        "prediction_rank",
        "candidate",
        "steps",
        "passes",
        "applied_passes",
        "applications",
        "compiled_steps",
        "epoch_steps",
        "pairs_of",
        "pairs_column",
        "regularizers",
        "regularizers_reached",
    )
)
_SIZES: Final = frozenset(
    (
        "batch_frequent",
        "elements",
        "batch",
        "outputs",
        "label_elements",
        "prediction_elements",
        "broadcast_elements",
        "replicas",
        "given_channels",
        "tape_rows",
    )
)
"""Whole numbers from 1 on."""

_FLAGS: Final = frozenset(
    (
        "trainable",
        "trainable_as_set",
        "weights_finite",
        "labels_alike",
        "labels_are_classes",
        "other_losses",
        "tape_of_keras",
    )
)
_DISTANCES: Final = frozenset(
    (
        "mean_gap",
        "variance_gap",
        "mean_gap_error",
        "variance_gap_error",
        "swapped_gap",
        "calls",
        "calls_mean_gap",
        "calls_variance_gap",
        "gap_share_layers",
        "own_mean_gap",
        "spread",
        "scale",
        "start_updates",
        "loss_scale",
        "given_scale",
        "tape_scale",
        "row_sum_error",
        "replica_mean_gap",
        "replica_mean_error",
        "replica_variance_gap",
        "replica_variance_error",
        "compiled_deviation",
    )
)
"""Measured, and never below 0."""

_MEASURED: Final = frozenset(
    (
        "process_started",
        "learning_rate",
        "moving_mean",
        "moving_variance",
        "batch_mean",
        "batch_variance",
        "variance_min",
        "variance_shift",
        "own_variance_shift",
        "gap_share",
        "value_given",
        "measured",
        "doubled",
        "permuted",
        "keras_mean",
        "weight_sum",
        "regularization",
        "paired",
        "pairs_ratio",
        "pairs_root_ratio",
        "prediction_smallest",
        "prediction_largest",
        "counted_share",
        "counted_ratio",
        "factor",
        "cosine",
        "applied_factor",
        "applied_cosine",
        "reduced_factor",
        "reduced_cosine",
        "rows_factor",
        "rows_cosine",
        "row_cosine",
        "rows_reached",
        "pairs_cosine",
        "counted_factor",
        "counted_cosine",
        "masked_factor",
        "masked_cosine",
        "given_factor",
        "given_cosine",
        "tape_factor",
        "tape_cosine",
        "regularizer_times_least",
        "regularizer_times_most",
        "logged_loss",
        "compiled_by_steps",
        "compiled_by_rows",
        "compiled_last",
        "predictions_mean",
        "loss",
        "accuracy",
    )
)
"""Measured, of either sign: a variance below 0 is a fault that a rule looks for."""

_RANGES: Final = {
    **dict.fromkeys(_COUNTS, (0.0, LARGEST_COUNT)),
    **dict.fromkeys(_SIZES, (1.0, LARGEST_COUNT)),
    **dict.fromkeys(_FLAGS, (0.0, 1.0)),
}
"""Of whole numbers; those of every step are added by their name's end."""

Floats = npt.NDArray[np.float64]


def has_range(name: str) -> bool:
    """True if it is known which numbers a column can hold."""
    return name.endswith("_step") or name in {*_RANGES, *_DISTANCES, *_MEASURED}


def keep_possible(name: str, values: Floats) -> Floats:
    """The values of a column, of any shape, NaN where it can hold no such number.

    They are changed in place: nobody else has them yet. A name that is not known is that of a
    metric, which is a measured value.
    """
    if name in _RANGES or name.endswith("_step"):
        low, high = _RANGES.get(name, (0.0, LARGEST_COUNT))
        np.rint(values, out=values)
        # Most columns are as they should be, and two numbers are looked at quickly.
        if values.size and (_fold(np.fmin, values) < low or _fold(np.fmax, values) > high):
            values[~((values >= low) & (values <= high))] = np.nan
    else:
        sizes = np.abs(values)
        values[sizes < SMALLEST] = 0.0
        values[~(sizes <= LARGEST)] = np.nan
        if name in _DISTANCES:
            values[values < 0.0] = np.nan
        elif name == "process_started":
            values[(values < 0.0) | (values > LATEST)] = np.nan
    return values


def _fold(smaller_or_larger: np.ufunc, values: Floats) -> float:
    return float(smaller_or_larger.reduce(values, None))


def is_step(step: float) -> bool:
    """True if a record can have this step, or an epoch this index."""
    return bool(0 <= step <= LARGEST_COUNT)


def possible_time(wall_time: float) -> float:
    """A wall time in seconds; 0 where a log holds no such number."""
    return float(within(wall_time, 0.0, LATEST, 0.0))


_Default = TypeVar("_Default")


def within(value: float | None, low: float, high: float, default: _Default) -> float | _Default:
    """A number of a document that lies within a range; the default for any other, and for NaN."""
    return value if value is not None and low <= value <= high else default
