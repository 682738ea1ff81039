from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_bnplugin.errors import MetadataError
from tb_bnplugin.schema import plugin_data_pb2
from tb_bnplugin.schema.records import (
    KINDS,
    Kind,
    Metadata,
    create_content,
    create_tag,
    parse_content,
)

# Written out: a kind that is renamed is another one to every log there is.
WRITTEN: tuple[Kind, ...] = (
    *("model", "phase", "calls", "layers", "events", "channels"),
    *("loss", "gradient", "probe", "probe_layers", "epoch", "recalibration", "twin"),
)


def test_every_kind_is_known() -> None:
    assert KINDS == WRITTEN


@given(
    st.builds(
        Metadata,
        kind=st.sampled_from(KINDS),
        model=st.text(max_size=9),
        name=st.text(max_size=9),
    )
)
def test_metadata_reads_as_it_was_written(metadata: Metadata) -> None:
    assert parse_content(create_content(metadata)) == metadata


@given(st.binary(max_size=40))
def test_other_content_is_a_metadata_error_or_metadata(content: bytes) -> None:
    try:
        metadata = parse_content(content)
    except MetadataError:
        return
    assert metadata.kind in KINDS


def test_a_newer_format_says_to_update() -> None:
    content = plugin_data_pb2.PluginData(
        version=3, kind=plugin_data_pb2.PluginData.MODEL
    ).SerializeToString()
    with pytest.raises(
        MetadataError, match="has format 3; this tb_bnplugin reads format 2: update"
    ):
        parse_content(content)


def test_the_first_format_says_to_record_again() -> None:
    content = plugin_data_pb2.PluginData(
        version=1, kind=plugin_data_pb2.PluginData.MODEL
    ).SerializeToString()
    with pytest.raises(MetadataError, match="format 1, .* never released.* record the training"):
        parse_content(content)


@pytest.mark.parametrize(("version", "kind"), [(0, 1), (2, 0), (2, 99)])
def test_no_version_and_no_known_kind_are_told(version: int, kind: int) -> None:
    # Field 1 and field 2 as varints: a kind out of range cannot be set, only read.
    with pytest.raises(MetadataError, match="no record of this format"):
        parse_content(bytes([0x08, version, 0x10, kind]))


@pytest.mark.parametrize(
    ("metadata", "tag"),
    [
        (Metadata(kind="layers", model=""), "batch_norm/layers"),
        (Metadata(kind="layers", model="critic"), "batch_norm/critic/layers"),
        (Metadata(kind="loss", model="critic", name="mse"), "batch_norm/critic/loss/mse"),
    ],
)
def test_tags(metadata: Metadata, tag: str) -> None:
    assert create_tag(metadata) == tag
