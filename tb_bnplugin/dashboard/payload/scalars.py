"""The JSON of the standard scalars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tb_bnplugin.dashboard.payload.values import Json, draw
from tb_bnplugin.dashboard.placement import PlacedSeries
from tb_bnplugin.logs.provider import shorten


def scalars(series: Sequence[PlacedSeries]) -> Json:
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
        ],
        "notes": list(_notes(series)),
    }


def _notes(series: Iterable[PlacedSeries]) -> Iterator[str]:
    late: dict[int, list[str]] = {}
    for entry in series:
        if entry.given_from is not None:
            late.setdefault(entry.given_from, []).append(entry.tag)
    for step, tags in sorted(late.items()):
        names = list(dict.fromkeys(tags))
        more = len(names) - 1
        which = shorten(names[0]) + (f" and {more} more" if more else "")
        yield (
            f"Not shown of {which}: what was written before step {step:,}. The training that began"
            " there counts its steps or epochs from the beginning again, and TensorBoard's fast"
            " loader drops what an earlier one wrote under the same numbers. Start TensorBoard"
            " with `--load_fast=false` to see it."
        )
