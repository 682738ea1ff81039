"""Histories from a data provider: the only place that asks TensorBoard for data.

One list says which runs hold which records, one read of named tags fetches those of one
run. What cannot be read becomes a note, and the rest is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tensorboard.context import RequestContext
from tensorboard.data.provider import DataProvider, RunTagFilter, TensorDatum, TensorTimeSeries

from tb_bnplugin.errors import MetadataError
from tb_bnplugin.history.bounds import is_step, possible_time
from tb_bnplugin.logs.tensors import DAMAGED, bounded
from tb_bnplugin.schema.columns import CHANNELS_PLUGIN_NAME, PLUGIN_NAME
from tb_bnplugin.schema.records import Metadata, Record, parse_content

# The dashboard knows nothing of the disk: what it needs of its words stands here.
__all__ = [
    "PLUGIN_NAME",
    "Reader",
    "Records",
    "RunListing",
    "ScalarSeries",
    "create_listing",
    "create_record",
    "shorten",
    "undecoded_note",
]

Records = Sequence[Record]

EVERYTHING: Final = 1_000_000_000
"""`downsample` is required; the sampling that matters happened when TensorBoard loaded the log."""

SCALARS_PLUGIN_NAME: Final = "scalars"

_DOCUMENTS: Final = ("model", "phase", "calls", "recalibration", "twin")


@dataclass(frozen=True, kw_only=True)
class RunListing:
    """The contents of a run without its records."""

    run: str
    tags: Mapping[str, Metadata]  # of the records that can be read
    notes: tuple[str, ...]  # what cannot, one line each
    newest: tuple[int, float]  # largest step and wall time of any record: changes as the run grows

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models that have records, sorted."""
        return tuple(sorted({metadata.model for metadata in self.tags.values()}))


@dataclass(frozen=True, kw_only=True)
class ScalarSeries:
    """One standard scalar as TensorBoard has it, sorted by wall time."""

    run: str
    tag: str
    steps: npt.NDArray[np.int64]  # [points]
    wall_times: npt.NDArray[np.float64]  # [points], seconds
    values: npt.NDArray[np.float64]  # [points]


class Reader:
    """The records of one experiment, from any data provider."""

    def __init__(
        self,
        provider: DataProvider,
        *,
        context: RequestContext | None = None,
        experiment_id: str = "",
    ) -> None:
        self._provider = provider
        self._common: dict[str, Any] = {
            "ctx": RequestContext() if context is None else context,
            "experiment_id": experiment_id,
        }

    def list_runs(self, *runs: str) -> dict[str, RunListing]:
        """The runs that hold records of this plugin, sorted by name; or only those named."""
        try:
            listed = self._list(PLUGIN_NAME, list(runs) or None)
        except KeyError:
            # TensorBoard's Python loader lists nothing at all where one tag has metadata and no
            # value, which this plugin never writes: find the run that holds it.
            names = {*runs} or self._run_names()
            listings = (self._list_alone(name) for name in sorted(names))
            return {listing.run: listing for listing in listings if listing is not None}
        return {name: create_listing(name, listed[name]) for name in sorted(listed) if listed[name]}

    def read_records(self, listing: RunListing) -> tuple[list[Record], tuple[str, ...]]:
        """The records of one run but the channels, tag by tag, and notes."""
        return self._read(PLUGIN_NAME, listing.run, listing.tags)

    def list_channels(self, run: str, model: str) -> RunListing:
        """The tags of the per-channel vectors of one model."""
        series = self._list(CHANNELS_PLUGIN_NAME, [run]).get(run, {})
        return channels_of(create_listing(run, series), model)

    def read_channels(self, listing: RunListing) -> Records:
        """The records of per-channel vectors that are listed, in no particular order."""
        records, _ = self._read(CHANNELS_PLUGIN_NAME, listing.run, listing.tags)
        return records

    def list_scalars(self, runs: Iterable[str]) -> dict[str, list[str]]:
        """The tags of the standard scalars of each of the runs, both sorted."""
        names = sorted(runs)
        try:
            listed = self._provider.list_scalars(
                **self._common,
                plugin_name=SCALARS_PLUGIN_NAME,
                run_tag_filter=RunTagFilter(runs=names),
            )
        except KeyError:  # of the Python loader: one tag has metadata and no value
            alone = ([name] for name in names if len(names) > 1)
            return {run: tags for name in alone for run, tags in self.list_scalars(name).items()}
        return {run: sorted(listed[run]) for run in sorted(listed)}

    def read_some_scalars(
        self, wanted: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], ScalarSeries]:
        """Some standard scalars, each by run and tag, in one request; those that can be read."""
        pairs = {*wanted}
        runs, tags = ({pair[at] for pair in pairs} for at in (0, 1))
        try:
            read = self._read_scalars(sorted(runs), sorted(tags))
        except KeyError:  # as above
            alone = ([pair] for pair in pairs if len(pairs) > 1)
            return {
                pair: one for only in alone for pair, one in self.read_some_scalars(only).items()
            }
        return {
            (run, tag): create_scalar_series(run, tag, read[run][tag])
            for run, tag in sorted(pairs)
            if tag in read.get(run, {})
        }

    def read_scalars(self, runs: Iterable[str]) -> tuple[ScalarSeries, ...]:
        """All standard scalars of the runs, whoever wrote them; sorted by run and tag.

        A value that cannot be decoded is NaN.
        """
        return tuple(
            create_scalar_series(run, tag, data)
            for run in sorted(runs)
            for tag, data in sorted(self._read_scalars_of(run).items())
        )

    def _read_scalars_of(self, run: str) -> Mapping[str, Any]:
        try:
            return self._read_scalars([run], None).get(run, {})
        except KeyError:  # of the Python loader: one tag has metadata and no value
            return {}

    def _read_scalars(
        self, runs: list[str], tags: list[str] | None
    ) -> Mapping[str, Mapping[str, Any]]:
        with bounded(scalars=True):
            read: Mapping[str, Mapping[str, Any]] = self._provider.read_scalars(
                **self._common,
                plugin_name=SCALARS_PLUGIN_NAME,
                downsample=EVERYTHING,
                run_tag_filter=RunTagFilter(runs=runs, tags=tags),
            )
        return read

    def _list_alone(self, run: str) -> RunListing | None:
        try:
            series = self._list(PLUGIN_NAME, [run]).get(run)
        except KeyError as error:
            note = f"TensorBoard cannot list its records: {shorten(str(error))} has no value"
            return create_listing(run, {}, [note])
        return create_listing(run, series) if series else None

    def _run_names(self) -> list[str]:
        return [run.run_name for run in self._provider.list_runs(**self._common)]

    def _list(self, plugin_name: str, runs: list[str] | None) -> Mapping[str, Mapping[str, Any]]:
        listed: Mapping[str, Mapping[str, Any]] = self._provider.list_tensors(
            **self._common, plugin_name=plugin_name, run_tag_filter=RunTagFilter(runs=runs)
        )
        return listed

    def _read(
        self, plugin_name: str, run: str, tags: Mapping[str, Metadata]
    ) -> tuple[list[Record], tuple[str, ...]]:
        if not tags:
            return [], ()
        with bounded():
            read = self._provider.read_tensors(
                **self._common,
                plugin_name=plugin_name,
                downsample=EVERYTHING,
                run_tag_filter=RunTagFilter(runs=[run], tags=sorted(tags)),
            )
        records: list[Record] = []
        undecoded: Counter[str] = Counter()
        for tag, data in sorted(read.get(run, {}).items()):  # loaders have orders of their own
            for datum in data:
                if datum.numpy is DAMAGED:
                    undecoded[tag] += 1
                elif (record := create_record(tags[tag], datum)) is not None:
                    records.append(record)
        return records, undecoded_note(undecoded)


def create_listing(
    run: str, series: Mapping[str, TensorTimeSeries], notes: Iterable[str] = ()
) -> RunListing:
    """The contents of a run, from TensorBoard's description of each tag."""
    tags: dict[str, Metadata] = {}
    skipped = list(notes)
    unreadable: dict[str, list[str]] = {}  # tags by what keeps them from being read
    steps: list[int] = [0]
    wall_times: list[float] = [0.0]
    for tag in sorted(series):
        steps.append(series[tag].max_step or 0)
        wall_times.append(possible_time(series[tag].max_wall_time or 0.0))
        try:
            tags[tag] = parse_content(series[tag].plugin_content)
        except MetadataError as error:
            unreadable.setdefault(str(error), []).append(tag)
    skipped += (_skipped(names, reason) for reason, names in unreadable.items())
    return RunListing(
        run=run, tags=tags, notes=tuple(skipped), newest=(max(steps), max(wall_times))
    )


def _skipped(tags: list[str], reason: str) -> str:
    """One line for all tags that cannot be read for the same reason: a format is theirs alike."""
    which = f"{shorten(tags[0])} is" if len(tags) == 1 else f"{len(tags)} tags are"
    return f"{which} skipped: {reason}"


def undecoded_note(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The note for tensors that cannot be decoded, by tag; none where there is no such tensor."""
    if not counts:
        return ()
    tags = f"{len(counts)} tags" if len(counts) > 1 else shorten(next(iter(counts)))
    return (f"skipped {sum(counts.values())}: records of {tags} whose tensor cannot be decoded",)


def create_record(metadata: Metadata, datum: TensorDatum) -> Record | None:
    """The record in a tensor; None where it holds no value at all (metadata without a tensor)."""
    value = datum.numpy
    if metadata.kind not in _DOCUMENTS:
        return Record(
            metadata=metadata, step=int(datum.step), wall_time=float(datum.wall_time), value=value
        )
    # A string tensor comes as an array of objects or of fixed-width bytes, of any rank.
    items = np.asarray(value).reshape(-1)[:1].tolist()
    if not items:
        return None
    document = items[0]
    if isinstance(document, str):
        document = document.encode("utf-8", "surrogatepass")
    if not isinstance(document, bytes):
        document = b""
    return Record(
        metadata=metadata, step=int(datum.step), wall_time=float(datum.wall_time), value=document
    )


def channels_of(listing: RunListing, model: str) -> RunListing:
    """The listing with the tags of one model's channels alone."""
    tags = {
        tag: metadata
        for tag, metadata in listing.tags.items()
        if metadata.kind == "channels" and metadata.model == model
    }
    return replace(listing, tags=tags)


def create_scalar_series(run: str, tag: str, data: Any) -> ScalarSeries:
    """A standard scalar from its points, each with step, wall time and value."""
    points = (
        (possible_time(datum.wall_time), datum.step, datum.value)
        for datum in data
        if is_step(datum.step)
    )
    ordered = sorted(points, key=lambda point: point[:2])
    return ScalarSeries(
        run=run,
        tag=tag,
        steps=np.asarray([step for _, step, _ in ordered], dtype=np.int64),
        wall_times=np.asarray([wall_time for wall_time, _, _ in ordered], dtype=np.float64),
        values=np.asarray([value for _, _, value in ordered], dtype=np.float64),
    )


def shorten(name: str, length: int = 80) -> str:
    """A name as one line of bounded length, for notes: a log may hold anything as a name."""
    line = name.encode("unicode_escape").decode("ascii") if not name.isprintable() else name
    return line if len(line) <= length else f"{line[: length - 3]}..."
