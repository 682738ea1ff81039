"""A callback is one of Keras' own to whoever asks, and can be copied, as tuners do."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit

KINDS: dict[str, Callable[[Path], Any]] = {
    "records": create,
    "recalibrates": lambda _: tb_bnplugin.RecalibrateCallback((X, Y)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_callback_of_either_keras(flavour: Flavour, tmp_path: Path, kind: str) -> None:
    callback = KINDS[kind](tmp_path)
    assert isinstance(callback, flavour.keras.callbacks.Callback)
    assert isinstance(callback, (tb_bnplugin.BatchNormCallback, tb_bnplugin.RecalibrateCallback))
    assert type(callback).__name__ in repr(callback)
    assert callback.model is None
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[callback])
    assert callback.model is model


def test_becomes_one_of_a_keras_that_is_imported_later(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = flavour.keras.__name__
    with monkeypatch.context() as before:
        before.delitem(sys.modules, package)
        callback = create(tmp_path)
        assert not isinstance(callback, flavour.keras.callbacks.Callback)
    fit(compile_tiny(create_dense(flavour.keras)), callbacks=[callback])
    assert isinstance(callback, flavour.keras.callbacks.Callback)
    assert len(read_model(tmp_path).steps) == 10


def test_a_class_of_the_users_own_stays_what_it_is(flavour: Flavour, tmp_path: Path) -> None:
    class Own(tb_bnplugin.BatchNormCallback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            epochs.append(epoch)

    epochs: list[int] = []
    callback = Own(str(tmp_path))
    assert isinstance(callback, (Own, flavour.keras.callbacks.Callback))
    fit(compile_tiny(create_dense(flavour.keras)), callbacks=[callback], epochs=2)
    assert epochs == [0, 1]


@pytest.mark.parametrize("after_a_fit", [False, True])
def test_each_copy_has_a_run_of_its_own_and_the_findings_come_together(
    flavour: Flavour, tmp_path: Path, after_a_fit: bool
) -> None:
    keras = flavour.keras
    given = create(tmp_path, on_finding="ignore", expect=("LR108",))
    names = ["first", "second"]
    if after_a_fit:
        fit(compile_tiny(create_dense(keras, name="given")), callbacks=[given])
        names.insert(0, "given")
    for name in ("first", "second"):
        (copied,) = copy.deepcopy([given])
        model = create_dense(keras, name=name)
        model.get_layer("bn").trainable = name != "second"
        fit(compile_tiny(model), callbacks=[copied])
        assert {outcome.model for outcome in copied.outcomes()} >= {name}
        del model
    assert {outcome.model for outcome in given.outcomes()} - {None} == set(names)
    runs = {path.name for path in tmp_path.iterdir()}
    assert runs == {"batch_norm", "batch_norm_2", "batch_norm_3"}
    report = tb_bnplugin.check(str(tmp_path))
    assert len(report.runs) == len(names)


def test_a_copied_pair_belongs_together(flavour: Flavour, tmp_path: Path) -> None:
    tensorboard = flavour.keras.callbacks.TensorBoard(str(tmp_path / "search"))
    pair = copy.deepcopy([tb_bnplugin.BatchNormCallback(tensorboard), tensorboard])
    pair[1].log_dir = str(tmp_path / "trial")  # as KerasTuner sets it
    fit(compile_tiny(create_dense(flavour.keras)), callbacks=pair)
    assert len(read_model(tmp_path, "trial/train").steps) == 10
    assert not (tmp_path / "search").exists()


def test_a_copied_recalibration_has_results_of_its_own(flavour: Flavour) -> None:
    given = tb_bnplugin.RecalibrateCallback((X, Y), only_if_better=False)
    copied = copy.deepcopy(given)
    fit(compile_tiny(create_dense(flavour.keras)), callbacks=[copied])
    assert len(copied.results) == 1
    assert given.results == []
    assert copied._given[0] is given._given[0]


def test_another_backend_is_refused_before_anything_is_written(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    if flavour.name == "tf_keras":  # which needs no backend
        fit(compile_tiny(create_dense(flavour.keras)), callbacks=[create(tmp_path)])
        return
    monkeypatch.delitem(sys.modules, "tf_keras", raising=False)
    with pytest.raises(RuntimeError, match="Keras runs on jax.*KERAS_BACKEND=tensorflow"):
        tb_bnplugin.BatchNormCallback(str(tmp_path / "logs"))
    assert not (tmp_path / "logs").exists()


def test_it_is_copied_with_what_keras_sets(flavour: Flavour, tmp_path: Path) -> None:
    callback = create(tmp_path, probe_data=(X[:4], Y[:4]))
    copied = copy.deepcopy(callback)
    assert copied.params == {}
    assert copied._options is callback._options
    assert np.shares_memory(copied._options.probe_data[0], callback._options.probe_data[0])
    assert flavour.keras.callbacks.CallbackList([copied]).callbacks[0] is copied
