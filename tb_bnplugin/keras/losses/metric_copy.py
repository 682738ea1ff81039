"""A compiled metric's value on one batch alone, from a copy that starts empty."""

from __future__ import annotations

from typing import Any

import numpy as np

from tb_bnplugin.keras.losses.output_data import OutputData


def copy_metric(metric: Any, data: OutputData, *, weighted: bool) -> float | None:
    """The metric on this batch; None where it cannot be copied or is no single number."""
    try:
        copied = _empty_copy(metric)
        copied.update_state(
            data.labels, data.predictions, sample_weight=data.weights if weighted else None
        )
        value = np.asarray(copied.result(), np.float64)
    except Exception:  # noqa: BLE001  # a user's metric may have any constructor and any shape
        return None
    return float(value) if value.ndim == 0 else None


def _empty_copy(metric: Any) -> Any:
    if type(metric).__name__ == "MeanMetricWrapper":
        # not by its configuration: that would look the user's function up by name
        return type(metric)(metric._fn, name=metric.name, dtype=metric.dtype, **metric._fn_kwargs)
    return type(metric).from_config(metric.get_config())
