"""Reads a log from a store of objects, without TensorFlow: argument, a folder to put there.

Prints as JSON what `check` and TensorBoard's own loader find, and the errors. TensorBoard takes its
stand-in for TensorFlow where a module of this name is there, as its builds without TensorFlow have.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.compat.tensorflow_stub.io import gfile

import tb_bnplugin
from tb_bnplugin.errors import LogFolderError
from tb_bnplugin.logs.provider import Reader
from tb_bnplugin.logs.run import read_run
from tests.support.memory_store import MemoryStore

LOGS = "mem://bucket/logs"


def error_of(path: str) -> str:
    """The text of the error that a folder is refused with."""
    try:
        tb_bnplugin.check(path)
    except LogFolderError as error:
        return str(error)
    return ""


def main(folder: Path) -> None:
    """Puts the files of a folder into the store, and reads them there."""
    sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
    store = MemoryStore()
    gfile.register_filesystem("mem", store)
    for file in folder.rglob("*"):
        if file.is_file():
            store.objects[f"{LOGS}/{file.relative_to(folder).as_posix()}"] = file.read_bytes()
    report = tb_bnplugin.check(LOGS)
    multiplexer = EventMultiplexer(tensor_size_guidance=None)
    multiplexer.AddRunsFromDirectory(LOGS)
    multiplexer.Reload()
    reader = Reader(MultiplexerDataProvider(multiplexer, LOGS))
    loaded = {
        name: [model.steps.tolist() for model in read_run(reader, listing).models]
        for name, listing in reader.list_runs().items()
    }
    errors = {path: error_of(path) for path in ("mem://bucket/other", "nowhere://bucket/logs")}
    for name in [name for name in store.objects if "tfevents" in name]:
        store.objects[name.replace("/train/", "/other/")] = store.objects[name]
    store.broken = "/other/"
    broken = tb_bnplugin.check(LOGS)
    print(
        json.dumps(
            {
                "report": [run.to_json() for run in report.runs],
                "loaded": loaded,
                "errors": errors,
                "broken": [len(broken.runs), list(broken.notes)],
                "tensorflow": "tensorflow" in sys.modules,
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
