"""The JSON of one layer: series, channels over time, and the mode ledger."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tb_bnplugin.dashboard.payload.modes import EXECUTIONS
from tb_bnplugin.dashboard.payload.values import Drawn, Json, draw
from tb_bnplugin.diagnose import create_layer_ledger
from tb_bnplugin.history.model import (
    CHANNEL_ROWS,
    Call,
    ChannelHistory,
    Floats,
    ModelHistory,
    ProbeLayers,
)

LAYER_SERIES: Final = (
    "moving_mean",
    "batch_mean",
    "moving_variance",
    "batch_variance",
    "mean_gap",
    "variance_gap",
    "start_updates",
)

HELD_SERIES: Final = (
    "batch_mean",
    "batch_variance",
    "mean_gap",
    "variance_gap",
    "variance_shift",
    "calls",
    "gap_share",
    "gap_share_layers",
    "own_mean_gap",
    "own_variance_shift",
)
"""Of the columns of the probes' layers: what the page says of one layer."""

PERCENTILES: Final = (5, 25, 50, 75, 95)


def layer_payload(history: ModelHistory, index: int, channels: ChannelHistory | None) -> Json:
    """`Layer`: series, channels and mode ledger of one layer."""
    probed = history.probe_layers
    history = history.of_layer(index)
    series: dict[str, Drawn] = {name: draw(history.layer(name)[:, 0]) for name in LAYER_SERIES}
    updates: Floats = sum(
        (history.layer(name)[:, 0] for name in EXECUTIONS if name.startswith("training")),
        start=np.zeros(len(history.steps)),
    )
    series["updates"] = draw(updates)
    ledger = create_layer_ledger(history, 0)
    return {
        "layer": index,
        "path": history.facts.layers[0].path,
        "steps": history.steps.tolist(),
        "series": series,
        "channels": None if channels is None or not len(channels.steps) else _channels(channels),
        "held_batch": None if probed is None else _held_batch(probed, index),
        "calls": [_call(call) for call in ledger.calls],
        "trainable_as_set": ledger.trainable,
        "executions": dict(ledger.executions),
        "statistics": ledger.statistics,
        "agreement": ledger.agreement,
    }


def _held_batch(probed: ProbeLayers, index: int) -> Json | None:
    """The measurements of the probes of one layer; None where they measured nothing of it."""
    unknown = np.full((len(probed.steps), index + 1), np.nan)
    values = {name: probed.columns.get(name, unknown)[:, index] for name in HELD_SERIES}
    if not any(np.isfinite(each).any() for each in values.values()):
        return None
    series = {name: draw(each) for name, each in values.items()}
    return {"steps": probed.steps.tolist(), "series": series}


def _channels(channels: ChannelHistory) -> Json:
    last = channels.values[-1]
    row = {name: draw(last[index]) for index, name in enumerate(CHANNEL_ROWS)}
    return {
        "steps": channels.steps.tolist(),
        "mean_bands": _bands(channels.values[:, CHANNEL_ROWS.index("mean")]),
        "variance_bands": _bands(channels.values[:, CHANNEL_ROWS.index("variance")]),
        "last": {"step": int(channels.steps[-1]), **row},
    }


def _bands(values: npt.NDArray[np.float32]) -> list[Drawn]:
    """Percentiles over the finite channels [percentiles][records]."""
    exact = values.astype(np.float64)
    exact[~np.isfinite(exact)] = np.nan
    bands = np.full((len(PERCENTILES), len(exact)), np.nan)
    known = np.isfinite(exact)
    every, some = known.all(axis=1), known.any(axis=1) & ~known.all(axis=1)
    if exact.shape[1] and every.any():
        bands[:, every] = np.percentile(exact[every], PERCENTILES, axis=1)
    if some.any():  # row by row, and slow
        bands[:, some] = np.nanpercentile(exact[some], PERCENTILES, axis=1)
    return draw(bands)


def _call(call: Call) -> Json:
    return {
        "mode": call.mode,
        "context": call.context,
        "training_argument": call.training_argument,
        "reason": call.reason,
        "source": call.source,
        "trainable": call.trainable,
        "function": call.function,
        "jit": call.jit,
        "input_shape": list(call.input_shape),
        "first_step": call.first_step,
    }
