"""The JSON of the columns that are drawn as layers by steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tb_bnplugin.dashboard.payload.values import Json, draw
from tb_bnplugin.history.model import Floats, ModelHistory


@dataclass(frozen=True, kw_only=True)
class HeatmapColumn:
    """A layer column that can be drawn as layers by steps."""

    name: str  # how it is asked for
    title: str
    scale: Literal["linear", "log"]
    unit: str
    probed: str = ""  # of a column of the probes' layers; "": `name` is a layer column
    times: float = 1.0  # what its values are multiplied by


HEATMAP_COLUMNS: Final = (
    HeatmapColumn(name="mean_gap", title="Mean gap", scale="linear", unit="batch std"),
    HeatmapColumn(name="variance_gap", title="Variance gap", scale="linear", unit="|ln ratio|"),
    HeatmapColumn(name="moving_mean", title="Moving mean", scale="linear", unit=""),
    HeatmapColumn(name="moving_variance", title="Moving variance", scale="log", unit=""),
    HeatmapColumn(name="batch_mean", title="Batch mean", scale="linear", unit=""),
    HeatmapColumn(name="batch_variance", title="Batch variance", scale="log", unit=""),
    HeatmapColumn(name="variance_min", title="Smallest variance", scale="log", unit=""),
    HeatmapColumn(name="start_updates", title="Updates to forget the start", scale="log", unit=""),
    HeatmapColumn(
        name="held_mean_gap",
        title="Mean gap on the held batch",
        scale="linear",
        unit="batch std",
        probed="mean_gap",
    ),
    HeatmapColumn(
        name="held_variance_gap",
        title="Variance gap on the held batch",
        scale="linear",
        unit="|ln ratio|",
        probed="variance_gap",
    ),
    HeatmapColumn(
        name="gap_share",
        title="Share of the mode gap",
        scale="linear",
        unit="%",
        probed="gap_share",
        times=100.0,
    ),
)


def heatmap_columns(history: ModelHistory) -> tuple[HeatmapColumn, ...]:
    """The columns that hold a value at all; every one of the records where none does."""
    filled = tuple(entry for entry in HEATMAP_COLUMNS if np.isfinite(_values(history, entry)).any())
    return filled or tuple(entry for entry in HEATMAP_COLUMNS if not entry.probed)


def column(history: ModelHistory, entry: HeatmapColumn) -> Json:
    """`Column`: one heatmap column, layers by steps."""
    probed = history.probe_layers
    own = [] if probed is None else probed.steps.tolist()
    return {
        **column_name(entry),
        "steps": own if entry.probed else None,
        "values": draw(entry.times * _values(history, entry).T),
    }


def _values(history: ModelHistory, entry: HeatmapColumn) -> Floats:
    """The values [records or probes, layers]."""
    if not entry.probed:
        return history.layer(entry.name)
    probed = history.probe_layers
    if probed is None:
        return np.empty((0, len(history.facts.layers)))
    unknown = np.full((len(probed.steps), len(history.facts.layers)), np.nan)
    return probed.columns.get(entry.probed, unknown)


def column_name(entry: HeatmapColumn) -> Json:
    """`ColumnName`: how a column is asked for and labelled."""
    return {
        "name": entry.name,
        "title": entry.title,
        "scale": entry.scale,
        "unit": entry.unit,
    }
