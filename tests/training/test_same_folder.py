"""Models that share a log folder and a name are told apart."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import create, read
from tests.support.tiny import X, compile_tiny, create_dense, fit


def train(keras: Any, folder: Path, **bn: Any) -> None:
    """One fit of a new model of the same name, which is gone afterwards."""
    model = compile_tiny(create_dense(keras, **bn))
    fit(model, batch_size=20, epochs=2, callbacks=[tb_bnplugin.BatchNormCallback(folder)])


def test_a_second_model_takes_no_name_of_one_that_is_gone(flavour: Flavour, tmp_path: Path) -> None:
    for momentum in (0.5, 0.9):
        train(flavour.keras, tmp_path, momentum=momentum)
        gc.collect()
    models = read(tmp_path)["batch_norm"].models
    assert [model.facts.name for model in models] == ["tiny", "tiny_1"]
    assert [model.facts.layers[0].momentum for model in models] == [0.5, 0.9]
    for model in models:
        np.testing.assert_array_equal(model.layer("training_tape")[-1], [4.0])
    assert models[1].steps[0] > models[0].steps[-1]  # steps of a run never go back


def test_the_same_model_goes_on_under_its_name(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    for _ in range(2):
        watch = tb_bnplugin.watch(model)
        fit(model, batch_size=20, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
        watch.close()
    (only,) = read(tmp_path)["batch_norm"].models
    assert only.facts.name == "tiny"


def test_a_layer_that_comes_between_two_fits_has_a_row_of_its_own(
    flavour: Flavour, tmp_path: Path
) -> None:
    keras = flavour.keras
    model = compile_tiny(create_dense(keras))
    fit(model, batch_size=20, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
    model.pop()
    model.add(keras.layers.BatchNormalization(name="added"))
    model.add(keras.layers.Dense(1, name="other"))
    fit(compile_tiny(model), batch_size=20, callbacks=[tb_bnplugin.BatchNormCallback(tmp_path)])
    (history,) = read(tmp_path)["batch_norm"].models
    assert [layer.path for layer in history.facts.layers] == ["bn", "added"]
    assert np.isnan(history.layer("training_tape")[0, 1])  # not there in the first fit
    np.testing.assert_array_equal(history.layer("training_tape")[-1], [4.0, 2.0])


def loop(folder: Path, model: Any, *, close: bool, begin: int = 1) -> None:
    """Five steps of a loop of one's own with a writer of its own."""
    import tensorflow as tf

    watch = tb_bnplugin.watch(model, on_finding="ignore")
    with tf.summary.create_file_writer(str(folder)).as_default():
        for step in range(begin, begin + 5):
            model(X, training=True)
            tb_bnplugin.summary.batch_norm(model, step=step)
    if close:
        watch.close()


@pytest.mark.parametrize("close", [True, False])
def test_a_second_loop_hides_nothing_of_the_first(
    flavour: Flavour, tmp_path: Path, *, close: bool
) -> None:
    models = [create_dense(flavour.keras, momentum=momentum) for momentum in (0.5, 0.9)]
    for model in models:
        loop(tmp_path, model, close=close)
    recorded = read(tmp_path)["."].models
    assert [model.facts.name for model in recorded] == ["tiny", "tiny_1"]
    assert [model.facts.layers[0].momentum for model in recorded] == [0.5, 0.9]
    assert [model.steps.tolist() for model in recorded] == [[1, 2, 3, 4, 5]] * 2


def test_a_second_loop_of_the_same_model_goes_on(flavour: Flavour, tmp_path: Path) -> None:
    model = create_dense(flavour.keras)
    for begin in (1, 6, 4):  # goes on, and from a checkpoint again
        loop(tmp_path, model, close=True, begin=begin)
    (only,) = read(tmp_path)["."].models
    assert only.steps.tolist() == [*range(1, 16)]
    assert [(phase.reason, phase.step) for phase in only.phases] == [("restart", 11)]


def test_a_loop_behind_a_fit_goes_on_in_its_folder(flavour: Flavour, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, callbacks=[create(tmp_path / "link")])
    loop(tmp_path / "link" / "batch_norm", model, close=True, begin=11)
    (only,) = read(tmp_path / "folder")["batch_norm"].models
    assert only.facts.name == "tiny"
    assert only.steps.tolist() == [*range(1, 16)]
