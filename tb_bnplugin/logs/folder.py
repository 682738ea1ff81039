"""The records of a log folder, read from its event files with nothing sampled away.

TensorBoard's own loader in Python takes 12 s to verify the checksums of 5,000 records in
an interpreted loop, and imports TensorFlow where it finds it. Here the framing is read
directly, as TensorBoard's fast loader does: the checksum of each length is verified, the
one of the contents is not. Event files that still grow are read up to their last whole
record.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR, Summary
from tensorboard.data.provider import TensorDatum, TensorTimeSeries
from tensorboard.summary.writer.record_writer import masked_crc32c

from tb_bnplugin.errors import LogFolderError, TensorError
from tb_bnplugin.logs import remote
from tb_bnplugin.logs.provider import (
    RunListing,
    create_listing,
    create_record,
    shorten,
    undecoded_note,
)
from tb_bnplugin.logs.tensors import decode
from tb_bnplugin.schema.columns import PLUGIN_NAME
from tb_bnplugin.schema.records import Record

_HEADER: Final = struct.Struct("<QI")  # length of the event, its masked checksum
_EVENT_BYTES: Final = 2**31  # protobuf writes no larger message
_PIECE_BYTES: Final = 2**20  # read at a time
_FOOTER_BYTES: Final = 4  # masked checksum of the event


@dataclass(kw_only=True)
class Series:
    """One tag of one run: the content of its first metadata, and its tensors."""

    content: bytes
    data: list[TensorDatum] = field(default_factory=list)
    undecoded: int = 0  # tensors

    def time_series(self) -> TensorTimeSeries:
        """The tag as a data provider lists it."""
        return TensorTimeSeries(
            max_step=max((datum.step for datum in self.data), default=0),
            max_wall_time=max((datum.wall_time for datum in self.data), default=0.0),
            plugin_content=self.content,
            description="",
            display_name="",
        )


class LogFolder:
    """The runs below a folder, as TensorBoard names them; gives what a `Reader` gives.

    Args:
        path: the folder given to `tensorboard --logdir`; a URL such as `s3://bucket/logs`
            is read with TensorBoard's file access.

    Raises:
        LogFolderError: it does not exist, is no folder, or cannot be listed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)  # as it was given
        where = os.path.expanduser(self.path)  # noqa: PTH111  # may be a URL
        self._series: dict[str, dict[str, Series]] = {}
        self._notes: dict[str, list[str]] = {}
        self.event_files = 0
        for run, files in _find_event_files(where):
            for file in files:
                self.event_files += 1
                self._read_file(run, file)

    def list_runs(self) -> dict[str, RunListing]:
        """The runs that hold records of this plugin, sorted by name."""
        return {
            run: create_listing(
                run,
                {tag: series.time_series() for tag, series in self._series[run].items()},
                self._notes.get(run, ()),
            )
            for run in sorted(self._series)
        }

    def read_records(self, listing: RunListing) -> tuple[list[Record], tuple[str, ...]]:
        """The records of one run but the channels, and notes."""
        series = self._series[listing.run]
        made = (
            create_record(metadata, datum)
            for tag, metadata in listing.tags.items()
            for datum in series[tag].data
        )
        undecoded = {tag: series[tag].undecoded for tag in listing.tags if series[tag].undecoded}
        return [record for record in made if record is not None], undecoded_note(undecoded)

    @property
    def unread(self) -> tuple[str, ...]:
        """Notes on runs of which nothing could be read, one line each."""
        return tuple(
            f"{run}: {note}"
            for run in sorted(self._notes)
            if run not in self._series
            for note in self._notes[run]
        )

    def _read_file(self, run: str, file: str) -> None:
        notes = self._notes.setdefault(run, [])
        name = shorten(os.path.basename(file))  # noqa: PTH119  # may be a URL
        try:
            with _open(file) as stream:
                damaged = sum(not self._keep(run, content) for content in _read_frames(stream))
            if damaged:
                notes.append(f"{name}: {damaged} damaged events are skipped")
        except _CutError as error:
            notes.append(f"{name} {error}")
        except OSError as error:
            notes.append(f"{name} cannot be read: {error.strerror or error}")
        except Exception as error:  # of a store, in the middle of a file
            if not remote.is_remote(file):
                raise
            notes.append(f"{name} cannot be read: {remote.first_line(error)}")

    def _keep(self, run: str, content: bytes) -> bool:
        """Keeps what an event holds for this plugin; False when the event is damaged."""
        try:
            event = Event.FromString(content)
        except DecodeError:
            return False
        for value in event.summary.value:
            series = self._series.get(run, {}).get(value.tag)
            if series is None:
                # Only the first metadata of a tag counts, as in TensorBoard.
                metadata = value.metadata
                if (
                    metadata.plugin_data.plugin_name != PLUGIN_NAME
                    or metadata.data_class != DATA_CLASS_TENSOR
                ):
                    self._keep_other(run, event, value)
                    continue
                series = Series(content=metadata.plugin_data.content)
                self._series.setdefault(run, {})[value.tag] = series
            if value.HasField("tensor"):
                # At once: an event takes more memory than the array in it.
                try:
                    array = decode(value.tensor)
                except TensorError:
                    series.undecoded += 1
                else:
                    series.data.append(TensorDatum(event.step, event.wall_time, array))
        return True

    def _keep_other(self, run: str, event: Event, value: Summary.Value) -> None:
        """Keep a value that is no record of this plugin; here none is."""


class _CutError(Exception):
    """The event file ends, or is damaged, before its end."""


def _find_event_files(path: str) -> Iterator[tuple[str, list[str]]]:
    """Runs and the event files of each, as TensorBoard finds and names them."""
    path = remote.normalize(path) if remote.is_remote(path) else path
    for folder, _, names in _walk(path):
        files = sorted(
            os.path.join(folder, name)  # noqa: PTH118  # may be a URL
            for name in names
            if "tfevents" in name and not name.endswith(".profile-empty")
        )
        if files:
            yield os.path.relpath(folder, path), files


def _walk(path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    if remote.is_remote(path):
        return remote.walk(path)
    if not Path(path).exists():
        raise LogFolderError(f"no such folder: {path}")
    if not Path(path).is_dir():
        raise LogFolderError(f"not a folder: {path}: give the folder that holds the event files")
    try:
        os.listdir(path)  # noqa: PTH208  # os.walk says nothing where it may not look
    except OSError as error:
        raise LogFolderError(f"cannot read {path}: {error.strerror}") from error
    return _walk_local(path)


def _walk_local(path: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """As `os.walk`, into linked folders too, but not around in circles."""
    for folder, folders, names in os.walk(path, followlinks=True):
        here = Path(folder).resolve()
        above = {here, *here.parents}
        folders[:] = sorted(name for name in folders if (here / name).resolve() not in above)
        yield folder, folders, names


def _open(file: str) -> IO[bytes]:
    if remote.is_remote(file):
        return remote.open_remote(file)
    if not Path(file).is_file():
        raise OSError(0, "not a regular file")
    return Path(file).open("rb")


def _read_frames(stream: IO[bytes]) -> Iterator[bytes]:
    """The serialized events of an event file, up to its end or the first unreadable length."""
    position = 0
    while header := stream.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise _CutError(_cut_at(position))
        length, checksum = _HEADER.unpack(header)
        if masked_crc32c(header[:8]) != checksum:
            raise _CutError(f"is damaged at byte {position}; what follows is skipped")
        if length > _EVENT_BYTES:
            raise _CutError(f"is damaged at byte {position}; what follows is skipped")
        content = _read(stream, length)
        footer = stream.read(_FOOTER_BYTES)
        if len(content) < length or len(footer) < _FOOTER_BYTES:
            raise _CutError(_cut_at(position))
        yield content
        position += _HEADER.size + length + _FOOTER_BYTES


def _read(stream: IO[bytes], length: int) -> bytes:
    """So many bytes, or what there is of them: a damaged length asks for no memory."""
    pieces = []
    while length > 0 and (piece := stream.read(min(length, _PIECE_BYTES))):
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _cut_at(position: int) -> str:
    return f"ends inside an event, at byte {position}: the program still writes it, or was stopped"
