"""Logs that are no local files, by TensorBoard's file access: TensorFlow's, and its stand-in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.tensorflow_stub.io import gfile

import tb_bnplugin
from tb_bnplugin.errors import LogFolderError
from tb_bnplugin.logs.provider import Reader
from tb_bnplugin.logs.run import read_run
from tests.conftest import ROOT, Flavour
from tests.dashboard.write_log import write_history
from tests.support.histories import create_history
from tests.support.memory_store import MemoryStore
from tests.support.tiny import X, Y, create_dense

STEPS = [*range(1, 51)]


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answers of `remote_program` on the log of 50 steps."""
    folder = tmp_path_factory.mktemp("remote")
    write_history(folder, create_history())
    command = [sys.executable, "-m", "tests.logs.remote_program", str(folder)]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    answers: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answers


def test_a_store_is_read_without_tensorflow(remote: dict[str, Any], tmp_path: Path) -> None:
    write_history(tmp_path, create_history())
    expected = [run.to_json() for run in tb_bnplugin.check(tmp_path)]
    assert remote["report"] == json.loads(json.dumps(expected))
    assert remote["loaded"] == {"train": [STEPS]}
    assert not remote["tensorflow"]


def test_a_store_that_is_not_known_is_refused_with_the_way_out(remote: dict[str, Any]) -> None:
    missing, unknown = remote["errors"].values()
    assert missing == "no such folder: mem://bucket/other"
    assert unknown.startswith("cannot read nowhere://bucket/logs (ValueError: ")
    assert unknown.endswith("install fsspec and its package for this store")


def test_a_store_that_fails_in_a_file_is_a_note(remote: dict[str, Any]) -> None:
    runs, (note,) = remote["broken"]
    assert runs == 1
    assert note.startswith("other: ")
    assert note.endswith("cannot be read: StoreError: the store went away")


@pytest.mark.parametrize("end", ["", "/"])
def test_a_store_that_tensorflow_does_not_know_is_read(
    end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As S3, of which TensorBoard's stand-in knows."""
    write_history(tmp_path, create_history())
    store = MemoryStore()
    monkeypatch.setitem(gfile._REGISTERED_FILESYSTEMS, "mem", store)
    for file in tmp_path.rglob("*tfevents*"):
        name = f"mem://bucket/logs/{file.relative_to(tmp_path).as_posix()}"
        store.objects[name] = file.read_bytes()
    assert "mem" not in tf.io.gfile.get_registered_schemes()
    found = tb_bnplugin.check(f"mem://bucket/logs{end}")
    assert found.runs == tb_bnplugin.check(tmp_path).runs


def test_s3_is_refused_with_the_name_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(gfile._REGISTERED_FILESYSTEMS, "s3", raising=False)
    monkeypatch.setattr(gfile, "FSSPEC_ENABLED", False)
    with pytest.raises(LogFolderError, match=r"For s3:// install boto3$"):
        tb_bnplugin.check("s3://bucket/logs")


def test_fit_writes_and_check_reads_a_folder_in_memory(flavour: Flavour) -> None:
    """TensorFlow has a store in memory of its own."""
    logs = f"ram://bucket/{flavour.name}"
    model = create_dense(flavour.keras)
    model.compile("sgd", "mse")
    model.fit(X, Y, batch_size=20, verbose=0, callbacks=[tb_bnplugin.BatchNormCallback(logs)])
    (run,) = tb_bnplugin.check(logs)
    assert (run.run, run.steps, run.notes) == ("batch_norm", (1, 2), ())
    multiplexer = EventMultiplexer(tensor_size_guidance=None)
    multiplexer.AddRunsFromDirectory(logs)
    multiplexer.Reload()
    reader = Reader(MultiplexerDataProvider(multiplexer, logs))
    (loaded,) = read_run(reader, reader.list_runs()["batch_norm"]).models
    assert loaded.steps.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ram://bucket/nothing", "no such folder: ram://bucket/nothing"),
        ("nowhere://bucket/logs", "cannot read nowhere://bucket/logs (ValueError: "),
    ],
)
def test_tensorflow_refuses_with_one_line(path: str, text: str) -> None:
    with pytest.raises(LogFolderError) as refused:
        tb_bnplugin.check(path)
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_callback_for_a_store_that_is_not_known_is_refused_at_once() -> None:
    with pytest.raises(OSError, match="'nowhere' not implemented"):
        tb_bnplugin.BatchNormCallback("nowhere://bucket/logs")


def test_more_stores_are_asked_for_where_tensorflow_lacks_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As TensorBoard does; a package of that name registers them when it is imported."""
    (tmp_path / "tensorflow_io.py").write_text("IMPORTED = True\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tensorflow_io", raising=False)
    with pytest.raises(LogFolderError):
        tb_bnplugin.check("ram://bucket/nothing")
    assert "tensorflow_io" not in sys.modules
    with pytest.raises(LogFolderError, match="install fsspec"):
        tb_bnplugin.check("nowhere://bucket/logs")
    assert sys.modules.pop("tensorflow_io").IMPORTED
