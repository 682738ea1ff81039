"""The metadata of each record: created by the writer, parsed by the reader, side by side."""

from __future__ import annotations

import typing
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError

from tb_bnplugin.errors import MetadataError
from tb_bnplugin.schema import plugin_data_pb2
from tb_bnplugin.schema.columns import FORMAT_VERSION, TAG_PREFIX

Kind = Literal[
    "model",
    "phase",
    "calls",
    "layers",
    "events",
    "channels",
    "loss",
    "gradient",
    "probe",
    "probe_layers",
    "epoch",
    "recalibration",
    "twin",
]
KINDS: Final[tuple[Kind, ...]] = typing.get_args(Kind)

_NAMES: Final = {plugin_data_pb2.PluginData.Kind.Value(kind.upper()): kind for kind in KINDS}


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """Which record this is: its kind and whose."""

    kind: Kind
    model: str
    name: str = ""  # of the loss


Value = npt.NDArray[np.generic] | bytes


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record, wherever it comes from."""

    metadata: Metadata
    step: int  # global train step, 1-based
    wall_time: float  # seconds
    value: Value  # bytes for the JSON kinds (model, phase, calls, recalibration, twin)


def create_content(metadata: Metadata) -> bytes:
    """The serialized `PluginData` for `SummaryMetadata.plugin_data.content`."""
    message = plugin_data_pb2.PluginData(
        version=FORMAT_VERSION,
        kind=metadata.kind.upper(),
        model=metadata.model,
        name=metadata.name,
    )
    return message.SerializeToString(deterministic=True)


def parse_content(content: bytes) -> Metadata:
    """The metadata in `SummaryMetadata.plugin_data.content`; raises `MetadataError`."""
    try:
        message = plugin_data_pb2.PluginData.FromString(content)
    except DecodeError as error:
        raise MetadataError("the metadata cannot be decoded") from error
    if message.version > FORMAT_VERSION:
        raise MetadataError(
            f"the record has format {message.version}; this tb_bnplugin reads format"
            f" {FORMAT_VERSION}: update tb_bnplugin"
        )
    if 1 <= message.version < FORMAT_VERSION:
        raise MetadataError(
            f"the record has format {message.version}, of a tb_bnplugin that was never released;"
            f" this one reads format {FORMAT_VERSION}: record the training again"
        )
    kind = _NAMES.get(message.kind)
    if message.version < 1 or kind is None:
        raise MetadataError(
            f"no record of this format (version {message.version}, kind {message.kind})"
        )
    return Metadata(kind=kind, model=message.model, name=message.name)


def create_tag(metadata: Metadata) -> str:
    """The tag: `batch_norm/MODEL/KIND`, for a loss `batch_norm/MODEL/loss/NAME`.

    Readers go by the metadata, never by the tag, so a model's name may hold anything.
    """
    parts = [TAG_PREFIX, metadata.model, metadata.kind, metadata.name]
    return "/".join(part for part in parts if part)
