"""The JSON of the standard scalars."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tb_bnplugin.dashboard.payload.values import Json, draw
from tb_bnplugin.dashboard.placement import PlacedSeries


def scalars(series: Iterable[PlacedSeries]) -> Json:
    """`Scalars`: standard scalars on the train step axis."""
    return {
        "series": [
            {
                "run": entry.run,
                "tag": entry.tag,
                "kind": entry.kind,
                "validation": entry.validation,
                "placed": entry.placed,
                "points": [
                    [step, value]
                    for step, value in zip(
                        np.round(entry.steps, 2).tolist(), draw(entry.values), strict=True
                    )
                ],
            }
            for entry in series
        ]
    }
