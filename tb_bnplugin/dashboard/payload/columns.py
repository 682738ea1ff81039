"""The JSON of the columns that are drawn as layers by steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tb_bnplugin.dashboard.payload.values import Json, draw
from tb_bnplugin.history.model import ModelHistory


@dataclass(frozen=True, kw_only=True)
class HeatmapColumn:
    """A layer column that can be drawn as layers by steps."""

    name: str  # of a layer column
    title: str
    scale: Literal["linear", "log"]
    unit: str


HEATMAP_COLUMNS: Final = (
    HeatmapColumn(name="mean_gap", title="Mean gap", scale="linear", unit="batch std"),
    HeatmapColumn(name="variance_gap", title="Variance gap", scale="linear", unit="|ln ratio|"),
    HeatmapColumn(name="moving_mean", title="Moving mean", scale="linear", unit=""),
    HeatmapColumn(name="moving_variance", title="Moving variance", scale="log", unit=""),
    HeatmapColumn(name="batch_mean", title="Batch mean", scale="linear", unit=""),
    HeatmapColumn(name="batch_variance", title="Batch variance", scale="log", unit=""),
    HeatmapColumn(name="variance_min", title="Smallest variance", scale="log", unit=""),
    HeatmapColumn(name="start_updates", title="Updates to forget the start", scale="log", unit=""),
)


def heatmap_columns(history: ModelHistory) -> tuple[HeatmapColumn, ...]:
    """The columns that hold a value at all; every one where none does."""
    filled = tuple(
        entry for entry in HEATMAP_COLUMNS if np.isfinite(history.layer(entry.name)).any()
    )
    return filled or HEATMAP_COLUMNS


def column(history: ModelHistory, entry: HeatmapColumn) -> Json:
    """`Column`: one heatmap column, layers by steps."""
    return {**column_name(entry), "values": draw(history.layer(entry.name).T)}


def column_name(entry: HeatmapColumn) -> Json:
    """`ColumnName`: how a column is asked for and labelled."""
    return {
        "name": entry.name,
        "title": entry.title,
        "scale": entry.scale,
        "unit": entry.unit,
    }
