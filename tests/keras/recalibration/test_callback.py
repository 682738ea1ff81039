"""Recalibration while `fit` trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.slow_statistics import X, Y, model_of


def fit(model: Any, *callbacks: Any, epochs: int = 3, validated: bool = True) -> Any:
    validation = (X, Y) if validated else None
    return model.fit(
        *(X, Y), batch_size=16, epochs=epochs, verbose=0, callbacks=list(callbacks),
        validation_data=validation,
    ).history  # fmt: skip


def test_each_validation_has_right_statistics(flavour: Flavour) -> None:
    keras = flavour.keras
    without, recalibrating = model_of(keras), tb_bnplugin.RecalibrateCallback((X, Y))
    keras.utils.set_random_seed(5)
    bad = fit(without)
    keras.utils.set_random_seed(5)
    trained = model_of(keras)
    good = fit(trained, recalibrating)
    assert len(recalibrating.results) == 3  # the end follows a validation
    # what enters the first layer stays the same: later ones have nothing to gain
    assert recalibrating.results[0].applied
    assert max(bad["val_accuracy"]) < 0.6
    assert good["val_accuracy"][-1] > 0.75
    norm = trained.layers[-3]
    assert np.asarray(norm.moving_mean) == pytest.approx(X.mean(0, dtype="float64"), rel=1e-4)


def test_training_is_the_same_with_it(flavour: Flavour) -> None:
    keras = flavour.keras
    weights = []
    for callbacks in ((), (tb_bnplugin.RecalibrateCallback((X, Y), steps=2),)):
        keras.utils.set_random_seed(5)
        model = model_of(keras)
        fit(model, *callbacks)
        weights.append([np.asarray(weight) for weight in model.trainable_weights])
    assert all(map(np.array_equal, *weights))


def test_at_the_end_where_nothing_validates(flavour: Flavour) -> None:
    recalibrating = tb_bnplugin.RecalibrateCallback((X, Y))
    model = model_of(flavour.keras)
    fit(model, recalibrating, validated=False)
    assert len(recalibrating.results) == 1
    model.evaluate(X, Y, verbose=0, callbacks=[recalibrating])  # no validation of a fit
    assert len(recalibrating.results) == 1


@pytest.mark.parametrize(("before_validation", "at_end"), [(True, False), (False, True)])
def test_only_where_it_is_asked_for(
    flavour: Flavour, before_validation: bool, at_end: bool
) -> None:
    recalibrating = tb_bnplugin.RecalibrateCallback(
        (X, Y), before_validation=before_validation, at_end=at_end
    )
    fit(model_of(flavour.keras), recalibrating)
    assert len(recalibrating.results) == (3 if before_validation else 1)


def test_what_fails_does_not_end_the_training(flavour: Flavour) -> None:
    recalibrating = tb_bnplugin.RecalibrateCallback((X[:, :2], Y))  # of another model
    with pytest.warns(RuntimeWarning, match=r"no longer recalibrates .*training goes on"):
        history = fit(model_of(flavour.keras), recalibrating)
    assert len(history["loss"]) == 3
    assert recalibrating.results == []


def test_wrong_arguments_fail_at_once() -> None:
    with pytest.raises(TypeError, match="no argument 'step'"):
        tb_bnplugin.RecalibrateCallback((X, Y), step=3)
    with pytest.raises(TypeError, match="a generator gives its batches once"):
        tb_bnplugin.RecalibrateCallback(iter([(X, Y)]))


def test_results_are_printed_if_asked_for(
    flavour: Flavour, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(model_of(flavour.keras), tb_bnplugin.RecalibrateCallback((X, Y), verbose=True), epochs=1)
    assert "Recalibrated 1 layer of" in capsys.readouterr().out


@pytest.mark.parametrize("first", [True, False])
def test_recorded_training_has_no_finding_of_it(
    flavour: Flavour, tmp_path: Path, first: bool
) -> None:
    """Neither an evaluation that changes the model, nor statistics of the start."""
    recording = tb_bnplugin.BatchNormCallback(tmp_path, probe_data=(X, Y))
    recalibrating = tb_bnplugin.RecalibrateCallback((X, Y))
    callbacks = [recalibrating, recording] if first else [recording, recalibrating]
    fit(model_of(flavour.keras), *callbacks)
    assert [found for found in recording.findings() if found.severity != "info"] == []
    (judged,) = {outcome.status for outcome in recording.outcomes() if outcome.code == "BN104"}
    assert judged in ("ok", "not_checked")


def test_evaluation_that_changes_the_model_is_still_told(flavour: Flavour, tmp_path: Path) -> None:
    keras: Any = flavour.keras

    class Leaking(keras.Model):
        def test_step(self, data: Any) -> Any:
            self(data[0], training=True)
            return super().test_step(data)

    inputs = keras.Input((6,))
    model = Leaking(inputs, keras.layers.Dense(3)(keras.layers.BatchNormalization()(inputs)))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    recording = tb_bnplugin.BatchNormCallback(tmp_path, on_finding="ignore")
    fit(model, recording, tb_bnplugin.RecalibrateCallback((X, Y)))
    assert "BN104" in {found.code for found in recording.findings()}
