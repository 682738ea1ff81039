from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.data.provider import TensorDatum

from tb_bnplugin.errors import LogFolderError
from tb_bnplugin.history.build import build_run
from tb_bnplugin.logs.folder import LogFolder
from tb_bnplugin.logs.provider import create_record, shorten
from tb_bnplugin.schema.plugin_data_pb2 import PluginData
from tb_bnplugin.schema.records import Metadata
from tests.dashboard.write_log import (
    event_of,
    records_of,
    tensor_event,
    write_events,
    write_history,
)
from tests.support.histories import CALL, create_history, create_loss, create_probe

HISTORY = replace(
    create_history(calls=[CALL], losses=[create_loss()], probe=create_probe(0.1, 0.5)),
    epochs=((0, 25), (1, 50)),
)


def read(folder: Path, run: str = "train") -> Any:
    log = LogFolder(folder)
    listing = log.list_runs()[run]
    records, notes = log.read_records(listing)
    return build_run(run, records, (*listing.notes, *notes))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_history(tmp_path, HISTORY)
    (model,) = read(tmp_path).models
    assert (model.facts, model.calls) == (HISTORY.facts, HISTORY.calls)
    assert model.epochs == HISTORY.epochs
    np.testing.assert_array_equal(model.steps, HISTORY.steps)
    np.testing.assert_array_equal(model.wall_times, HISTORY.wall_times)
    for name, column in HISTORY.layer_columns.items():
        np.testing.assert_array_equal(model.layer(name), column)
    np.testing.assert_array_equal(
        model.losses[0].columns["measured"], HISTORY.losses[0].columns["measured"]
    )


def test_files_of_one_run_are_read_together(tmp_path: Path) -> None:
    records = records_of(HISTORY)
    for number, part in enumerate((records[:30], records[30:])):
        write_events(tmp_path / "train", [event_of(record) for record in part], number=number)
    assert read(tmp_path).models[0].steps.tolist() == [*range(1, 51)]


def test_records_in_the_folder_itself_are_the_run_named_dot(tmp_path: Path) -> None:
    write_history(tmp_path, replace(HISTORY, run="."))
    assert list(LogFolder(tmp_path).list_runs()) == ["."]


def test_runs_in_linked_folders_are_found_once(tmp_path: Path) -> None:
    write_history(tmp_path / "elsewhere", HISTORY)
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "linked").symlink_to(tmp_path / "elsewhere")
    (logs / "circle").symlink_to(logs)
    assert list(LogFolder(logs).list_runs()) == ["linked/train"]


@pytest.mark.parametrize("missing", [1, 5, 12, 100])
def test_file_that_ends_inside_an_event_is_read_to_there(tmp_path: Path, missing: int) -> None:
    path = write_history(tmp_path, create_history())
    path.write_bytes(path.read_bytes()[:-missing])
    run = read(tmp_path)
    assert run.models[0].steps.tolist() == [*range(1, 50)]
    (note,) = run.notes
    assert "ends inside an event" in note


def test_file_with_a_damaged_length_is_read_to_there(tmp_path: Path) -> None:
    path = write_history(tmp_path, create_history())
    content = bytearray(path.read_bytes())
    frame = (len(content) - content.rfind(b"batch_norm/model/layers")) // 2
    content[-2 * frame - 100 : -2 * frame] = bytes(100)
    path.write_bytes(content)
    run = read(tmp_path)
    assert 40 <= len(run.models[0].steps) < 50
    assert run.notes


def test_damaged_event_is_skipped(tmp_path: Path) -> None:
    path = write_history(tmp_path, create_history())
    content = path.read_bytes()
    at = content.rfind(b"batch_norm/model/layers")
    path.write_bytes(content[: at - 2] + b"\xff\xff" + content[at:])
    run = read(tmp_path)
    assert run.models[0].steps.tolist() == [*range(1, 50)]
    assert any("1 damaged" in note for note in run.notes)


def test_every_event_is_read(tmp_path: Path) -> None:
    steps = range(1, 3001)
    write_history(tmp_path, create_history(steps=steps, layers=1), checksums=False)
    assert read(tmp_path).models[0].steps.tolist() == [*steps]


def test_summaries_of_others_are_left_out(tmp_path: Path) -> None:
    other = tensor_event("batch_norm/model/layers", 1, 1.0, 3.0, plugin_name="other")
    write_events(tmp_path / "other", [other])
    assert LogFolder(tmp_path).list_runs() == {}


def test_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    path = write_history(tmp_path, HISTORY)
    with pytest.raises(LogFolderError, match="not a folder"):
        LogFolder(path)


def test_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogFolderError, match="no such folder"):
        LogFolder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "value",
    [
        np.array([b"{}"], object),
        np.array(b"{}", object),
        np.array([b"{}"]),
        np.array([["{}"]], object),
    ],
    ids=["list", "scalar", "fixed width", "text"],
)
def test_document_comes_as_bytes_from_any_loader(value: Any) -> None:
    datum = TensorDatum(step=1, wall_time=2.0, numpy=value)
    record = create_record(Metadata(kind="model", model="m"), datum)
    assert record is not None
    assert record.value == b"{}"


def test_document_without_a_value_is_no_record() -> None:
    datum = TensorDatum(step=1, wall_time=2.0, numpy=np.array([], object))
    assert create_record(Metadata(kind="model", model="m"), datum) is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [("plain", "plain"), ("a\nb", "a\\nb"), ("x" * 100, "x" * 77 + "..."), ("\u202ea", "\\u202ea")],
)
def test_names_in_notes_are_one_short_line(name: str, shown: str) -> None:
    assert shorten(name) == shown


def test_format_that_cannot_be_read_is_one_note_for_all_its_tags(tmp_path: Path) -> None:
    content = PluginData(version=99, kind=PluginData.LAYERS, model="m").SerializeToString()
    tags = ("batch_norm/m/layers", "batch_norm/m/model", "batch_norm/m/calls")
    events = [tensor_event(tag, 1, 1.0, np.zeros((2, 3)), content=content) for tag in tags]
    write_events(tmp_path / "newer", events)
    (note,) = LogFolder(tmp_path).list_runs()["newer"].notes
    assert note.startswith("3 tags are skipped: ")
    assert "update tb_bnplugin" in note
