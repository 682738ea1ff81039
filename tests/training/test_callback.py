"""The callback writes the right records to the right run, in either order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import create, read, read_model
from tests.support.tiny import BATCH, X, Y, compile_tiny, create_dense, fit


def test_a_folder_gets_a_run_of_its_own(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, epochs=2, callbacks=[create(tmp_path)])
    assert list(read(tmp_path)) == ["batch_norm"]
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(1, 21))
    assert history.layer("training_tape")[:, 0].tolist() == list(range(1, 21))
    assert history.layer("statistics_changes")[:, 0].tolist() == list(range(1, 21))
    assert history.epochs == ((0, 10), (1, 20))
    assert history.facts.trained_by == "fit"
    assert history.facts.optimizer == "SGD"
    assert [(phase.step, phase.reason) for phase in history.phases] == [(1, "fit")]
    assert history.model("iterations").tolist() == list(range(1, 21))
    assert history.model("batch_frequent")[-1] == BATCH
    np.testing.assert_allclose(history.model("learning_rate"), 0.01, rtol=1e-6)


def test_a_tensorboard_callback_that_fit_was_not_given(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    ours = create(flavour.keras.callbacks.TensorBoard(tmp_path))
    with pytest.warns(RuntimeWarning, match="not among the callbacks of this fit"):
        fit(model, callbacks=[ours])


def test_evaluations_after_the_shared_writer_was_closed(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    theirs = flavour.keras.callbacks.TensorBoard(tmp_path)
    ours = create(theirs)
    fit(model, callbacks=[theirs, ours])
    model.evaluate(X, Y, verbose=0, callbacks=[ours])
    fit(model, callbacks=[theirs, ours])
    history = read_model(tmp_path, "train")
    assert history.steps.tolist() == list(range(1, 21))
    assert history.model("evaluations")[-1] == 1


@pytest.mark.parametrize("ours_first", [True, False])
def test_the_tensorboard_callback_shares_its_train_run(
    flavour: Flavour, tmp_path: Path, ours_first: bool
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    theirs = flavour.keras.callbacks.TensorBoard(tmp_path)
    ours = create(theirs)
    callbacks = [ours, theirs] if ours_first else [theirs, ours]
    for _ in range(2):  # a second fit makes a writer anew
        fit(model, epochs=2, callbacks=callbacks, validation_data=(X, Y))
    assert list(read(tmp_path)) == ["train"]
    history = read_model(tmp_path, "train")
    assert history.steps.tolist() == list(range(1, 41))
    assert history.layer("training_tape")[-1, 0] == 40
    assert history.layer("inference_evaluate")[-1, 0] == 40
    assert history.model("evaluations")[-1] == 4


def test_a_model_without_batch_normalization(flavour: Flavour, tmp_path: Path) -> None:
    keras = flavour.keras
    model = compile_tiny(keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name="m"))
    callback = create(tmp_path, probe_data=(X[:8], Y[:8]))
    fit(model, callbacks=[callback])
    history = read_model(tmp_path)
    assert history.facts.layers == ()
    assert [loss.loss_class for loss in history.compiled_losses] == ["MeanSquaredError"]
    assert history.losses[0].columns["doubled"][-1] == pytest.approx(
        history.losses[0].columns["measured"][-1], rel=1e-5
    )
    assert not [outcome for outcome in callback.outcomes() if outcome.status == "crashed"]


def test_evaluate_and_predict_of_their_own(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    model.evaluate(X, Y, batch_size=BATCH, verbose=0, callbacks=[callback])  # before any fit
    fit(model, callbacks=[callback])
    model.evaluate(X, Y, batch_size=BATCH, verbose=0, callbacks=[callback])
    model.predict(X, batch_size=BATCH, verbose=0, callbacks=[callback])
    model.predict(X, batch_size=BATCH, verbose=0)  # traced before, and no hook
    fit(model, callbacks=[callback])
    history = read_model(tmp_path)
    assert history.steps.tolist() == list(range(21))  # 0: before any step
    assert history.layer("inference_evaluate")[-1, 0] == 20
    assert history.layer("inference_predict")[-1, 0] == 20
    assert history.model("evaluations")[-1] == 2
    assert history.model("predictions")[-1] == 1


def test_an_evaluation_without_a_fit_is_recorded(flavour: Flavour, tmp_path: Path) -> None:
    """The natural case of weights that were loaded without their statistics."""
    model = compile_tiny(create_dense(flavour.keras))
    bn = model.get_layer("bn")
    shape = bn.gamma.shape
    bn.gamma.assign(np.linspace(0.5, 1.5, shape[0]))
    bn.beta.assign(np.linspace(-1.0, 1.0, shape[0]))
    callback = create(tmp_path)
    model.evaluate(X, Y, batch_size=BATCH, verbose=0, callbacks=[callback])
    assert [finding.code for finding in callback.findings() if finding.severity == "error"] == [
        "BN207"
    ]
    assert [finding.code for finding in tb_bnplugin.check(tmp_path).findings] == ["BN207"]


def test_probe_data_measures_loss_and_modes(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    fit(model, epochs=2, callbacks=[create(tmp_path, probe_data=(X[:8], Y[:8]))])
    history = read_model(tmp_path)
    assert history.probe is not None
    assert history.probe.steps.tolist() == [10, 20]
    expected = float(np.mean((np.asarray(model(X[:8], training=False)) - Y[:8]) ** 2))
    assert history.probe.moving["loss"][-1] == pytest.approx(expected, rel=1e-5)
    assert history.probe.batch["loss"][-1] != pytest.approx(expected, rel=1e-3)
    (loss,) = history.losses
    assert loss.columns["measured"][-1] == pytest.approx(expected, rel=1e-5)
    assert loss.columns["doubled"][-1] == pytest.approx(expected, rel=1e-5)
