"""A log folder with its scalars and channels too: all that the page shows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.data.provider import TensorDatum

from tb_bnplugin.errors import TensorError
from tb_bnplugin.logs.folder import LogFolder, Series
from tb_bnplugin.logs.provider import (
    SCALARS_PLUGIN_NAME,
    Records,
    RunListing,
    ScalarSeries,
    channels_of,
    create_listing,
    create_record,
    create_scalar_series,
)
from tb_bnplugin.logs.tensors import decode
from tb_bnplugin.schema.columns import CHANNELS_PLUGIN_NAME

_UNKNOWN: Final = float("nan")


@dataclass(frozen=True, kw_only=True)
class _Point:
    step: int
    wall_time: float
    value: float


class WholeLogFolder(LogFolder):
    """The runs below a folder with everything that a `Reader` gives of them.

    Args, Raises: as for `LogFolder`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._channels: dict[str, dict[str, Series]] = {}
        self._scalars: dict[str, dict[str, list[_Point]]] = {}
        super().__init__(path)

    def list_channels(self, run: str, model: str) -> RunListing:
        """The tags of the per-channel vectors of one model."""
        held = self._channels.get(run, {})
        series = {tag: each.time_series() for tag, each in held.items()}
        return channels_of(create_listing(run, series), model)

    def read_channels(self, listing: RunListing) -> Records:
        """The records of per-channel vectors that are listed."""
        made = (
            create_record(metadata, datum)
            for tag, metadata in listing.tags.items()
            for datum in self._channels[listing.run][tag].data
        )
        return [record for record in made if record is not None]

    def read_scalars(self, runs: Iterable[str]) -> tuple[ScalarSeries, ...]:
        """All standard scalars of the runs; sorted by run and tag."""
        return tuple(
            create_scalar_series(run, tag, points)
            for run in sorted(runs)
            for tag, points in sorted(self._scalars.get(run, {}).items())
        )

    def list_scalars(self, runs: Iterable[str]) -> dict[str, list[str]]:
        """The tags of the standard scalars of each of the runs."""
        return {run: sorted(self._scalars[run]) for run in runs if run in self._scalars}

    def read_some_scalars(
        self, wanted: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], ScalarSeries]:
        """Some standard scalars, by run and tag."""
        return {
            (run, tag): create_scalar_series(run, tag, self._scalars[run][tag])
            for run, tag in wanted
            if tag in self._scalars.get(run, {})
        }

    def _keep_other(self, run: str, event: Event, value: Summary.Value) -> None:
        """Keep a scalar or the channels of a model. Only the first metadata of a tag counts."""
        channels, scalars = self._channels.setdefault(run, {}), self._scalars.setdefault(run, {})
        name = value.metadata.plugin_data.plugin_name
        if value.tag not in channels and value.tag not in scalars:
            if name == CHANNELS_PLUGIN_NAME:
                channels[value.tag] = Series(content=value.metadata.plugin_data.content)
            elif name == SCALARS_PLUGIN_NAME or (not name and value.HasField("simple_value")):
                scalars[value.tag] = []
        if value.tag in scalars:
            number = _number(value)
            scalars[value.tag].append(
                _Point(step=event.step, wall_time=event.wall_time, value=number)
            )
        elif value.tag in channels and value.HasField("tensor"):
            try:
                array = decode(value.tensor)
            except TensorError:
                return
            channels[value.tag].data.append(TensorDatum(event.step, event.wall_time, array))


def _number(value: Summary.Value) -> float:
    """The value of a scalar; NaN where it has none."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    try:
        array = decode(value.tensor)
        return float(array.item()) if array.size == 1 else _UNKNOWN
    except (TensorError, TypeError, ValueError):
        return _UNKNOWN
