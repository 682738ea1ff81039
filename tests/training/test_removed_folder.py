"""A log folder that is removed while it trains, and one that another process writes to."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import compile_tiny, create_dense, fit

REMOVED = "was removed while it is written"


def remover(keras: Any, folder: Path, *epochs: int) -> Any:
    """A callback that removes a folder at the end of some epochs."""
    base: Any = keras.callbacks.Callback

    class Remover(base):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch in epochs:
                shutil.rmtree(folder)

    return Remover()


def texts(caught: list[warnings.WarningMessage]) -> list[str]:
    """The warnings of this package."""
    found = (str(entry.message) for entry in caught)
    return [text for text in found if text.startswith("tb_bnplugin:")]


def test_recording_goes_on_in_a_new_file(flavour: Flavour, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    callbacks = [create(folder), remover(flavour.keras, folder, 0)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(compile_tiny(create_dense(flavour.keras)), epochs=3, callbacks=callbacks)
    (text,) = texts(caught)
    assert REMOVED in text
    history = read_model(folder)
    assert history.steps.tolist() == [*range(11, 31)]  # ten steps an epoch
    assert history.epochs == ((1, 20), (2, 30))
    assert history.calls
    assert history.phases


def test_each_time_the_folder_is_made_again_and_told_once(flavour: Flavour, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    callbacks = [create(folder), remover(flavour.keras, folder, 0, 1, 2)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(compile_tiny(create_dense(flavour.keras)), epochs=4, callbacks=callbacks)
    assert len(texts(caught)) == 1
    assert read_model(folder).steps.tolist() == [*range(31, 41)]


def test_beside_the_tensorboard_callback(flavour: Flavour, tmp_path: Path) -> None:
    keras, folder = flavour.keras, tmp_path / "logs"
    tensorboard = keras.callbacks.TensorBoard(str(folder))
    callbacks = [tensorboard, create(tensorboard), remover(keras, folder, 0)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(compile_tiny(create_dense(keras)), epochs=3, callbacks=callbacks)
    assert len(texts(caught)) == 1
    assert read_model(folder, "train").steps.tolist() == [*range(11, 31)]


def test_between_two_fits(flavour: Flavour, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    model, callback = compile_tiny(create_dense(flavour.keras)), create(folder)
    fit(model, epochs=1, callbacks=[callback])
    shutil.rmtree(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        fit(model, epochs=1, callbacks=[callback])
    assert read_model(folder).steps.tolist() == [*range(11, 21)]


def test_in_a_loop_of_ones_own(flavour: Flavour, tmp_path: Path) -> None:
    import tensorflow as tf

    folder = tmp_path / "logs"
    model = create_dense(flavour.keras)
    writer = tf.summary.create_file_writer(str(folder))
    with (
        tb_bnplugin.watch(model, on_finding="ignore"),
        writer.as_default(),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        for step in range(1, 11):
            if step == 5:
                shutil.rmtree(folder)
            tb_bnplugin.summary.batch_norm(model, step=step)
    assert len(texts(caught)) == 1
    assert read_model(folder, ".").steps[0] == 5


HOLD = """
import sys
from pathlib import Path
from tb_bnplugin.training.event_file import claim
held = claim(Path(sys.argv[1]))
print(held is not None, flush=True)
sys.stdin.read()
"""


def test_a_folder_that_another_process_writes_to(flavour: Flavour, tmp_path: Path) -> None:
    folder = tmp_path / "batch_norm"
    folder.mkdir()
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == b"True\n"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(compile_tiny(create_dense(flavour.keras)), epochs=2, callbacks=[create(tmp_path)])
        (text,) = texts(caught)
        assert "another process records into" in text
        assert "\n" not in text
        assert read_model(tmp_path).steps.tolist() == [*range(1, 21)]
    finally:
        other.stdin.close()
        other.wait(timeout=60)
        other.stdout.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        fit(compile_tiny(create_dense(flavour.keras)), epochs=1, callbacks=[create(tmp_path)])
