"""A recalibration in the log of a model: by the callback, by the summary op, read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tb_bnplugin.history.model import ModelHistory, Recalibrated
from tb_bnplugin.logs.check import read_runs
from tests.conftest import Flavour
from tests.support.slow_statistics import X, Y, model_of


def read(logdir: Path) -> tuple[ModelHistory, tuple[Recalibrated, ...]]:
    (run,), _ = read_runs(logdir)
    (model,) = run.models
    return model, run.results[model.facts.name].recalibrations


def check_same(entry: Recalibrated, result: tb_bnplugin.Recalibration) -> None:
    facts = entry.facts
    assert (facts.applied, facts.reason) == (result.applied, result.reason)
    assert (facts.batches, facts.rows, facts.passes) == (result.batches, result.rows, result.passes)
    for name in ("before", "after", "batch"):
        score, expected = getattr(facts, name), getattr(result, name)
        assert score.loss == pytest.approx(expected.loss)
        assert score.accuracy == pytest.approx(expected.accuracy)
    assert facts.moved == len(result.layers) == 1
    (layer,) = facts.layers
    assert (layer.path, layer.mean_off) == (result.layers[0].path, result.layers[0].mean_off)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("own_folder", [True, False])
def test_beside_the_callback_each_result_is_in_its_log(
    flavour: Flavour, tmp_path: Path, first: bool, own_folder: bool
) -> None:
    """In either order, and where the writer of TensorBoard's callback is closed before it."""
    keras = flavour.keras
    keras.utils.set_random_seed(5)
    board = keras.callbacks.TensorBoard(tmp_path / "logs")
    where = str(tmp_path / "logs" / "train") if own_folder else board
    recalibrating = tb_bnplugin.RecalibrateCallback((X, Y), before_validation=True)
    recording = tb_bnplugin.BatchNormCallback(where, on_finding="ignore")
    both = [recalibrating, recording] if first else [recording, recalibrating]
    model = model_of(keras)
    # two steps after the last validation, so that the end of `fit` has one too
    model.fit(
        *(X, Y), batch_size=16, epochs=3, verbose=0, validation_data=(X, Y), validation_freq=2,
        callbacks=both if own_folder else [board, *both],
    )  # fmt: skip
    assert len(recalibrating.results) == 2
    history, made = read(tmp_path / "logs")
    assert [entry.step for entry in made] == [12, 18]
    known = history.layer("recalibrated_step")[:, 0]
    assert [entry.facts.applied for entry in made] == [True, False]  # the second changed nothing
    np.testing.assert_array_equal(known, np.where(history.steps >= 12, 12.0, np.nan))
    for entry, result in zip(made, recalibrating.results, strict=True):
        check_same(entry, result)
    assert not history.notes
    assert max(history.steps) == 18


def test_without_a_log_nothing_is_written(flavour: Flavour) -> None:
    recalibrating = tb_bnplugin.RecalibrateCallback((X, Y))
    model = model_of(flavour.keras)
    model.fit(X, Y, batch_size=16, epochs=1, verbose=0, callbacks=[recalibrating])
    assert len(recalibrating.results) == 1


def test_summary_op(flavour: Flavour, tmp_path: Path, tensorflow: Any) -> None:
    tf = tensorflow
    model = model_of(flavour.keras)
    model.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    result = tb_bnplugin.recalibrate(model, (X, Y), verbose=False)
    assert not bool(tb_bnplugin.summary.recalibration(model, result, step=18))  # no writer
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        with pytest.raises(ValueError, match="needs a step"):
            tb_bnplugin.summary.recalibration(model, result)
        assert bool(tb_bnplugin.summary.recalibration(model, result, step=18))
    _, (entry,) = read(tmp_path)
    assert entry.step == 18
    check_same(entry, result)


def test_summary_op_refuses_what_it_cannot_record(flavour: Flavour, tensorflow: Any) -> None:
    model = model_of(flavour.keras)
    with pytest.raises(TypeError, match="a Recalibration was expected, received str"):
        tb_bnplugin.summary.recalibration(model, "done", step=1)  # type: ignore[arg-type]
    result = tb_bnplugin.recalibrate(model, X, verbose=False)
    traced = tensorflow.function(lambda: tb_bnplugin.summary.recalibration(model, result, step=1))
    with pytest.raises(RuntimeError, match="outside of any"):
        traced()
