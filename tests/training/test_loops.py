"""Evaluations and predictions are compared before and after, whatever of them is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit


def moving_in_test_step(keras: Any) -> Any:
    """A model whose evaluation runs in training mode."""

    class Moving(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="moving")
            self.bn = keras.layers.BatchNormalization(name="bn")
            self.last = keras.layers.Dense(1)

        def call(self, x: Any, training: Any = None) -> Any:
            return self.last(self.bn(x, training=training))

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"loss": keras.losses.MeanSquaredError()(y, self(x, training=True))}

    model = Moving()
    model(X[:2])
    return model


def outcome(folder: Path, code: str, run: str = "batch_norm") -> Any:
    (report,) = tb_bnplugin.check(str(folder)).runs
    (found,) = [each for each in report.outcomes if each.code == code]
    return found


def test_an_evaluation_traced_before_the_callback_is_found_to_change_statistics(
    flavour: Flavour, tmp_path: Path
) -> None:
    model = compile_tiny(moving_in_test_step(flavour.keras))
    model.evaluate(X, Y, verbose=0)
    fit(model, callbacks=[create(tmp_path)], validation_data=(X, Y))
    history = read_model(tmp_path)
    assert history.layer("uncounted_loops")[-1, 0] == 1
    assert history.layer("uncounted_loop_changes")[-1, 0] == 1
    assert outcome(tmp_path, "BN104").status == "finding"


def test_an_evaluation_traced_before_the_callback_that_changes_nothing(
    flavour: Flavour, tmp_path: Path
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    model.evaluate(X, Y, verbose=0)
    fit(model, callbacks=[create(tmp_path)], validation_data=(X, Y))
    history = read_model(tmp_path)
    assert history.layer("uncounted_loops")[-1, 0] == 1
    assert history.layer("uncounted_loop_changes")[-1, 0] == 0
    assert outcome(tmp_path, "BN104").status == "ok"
    assert "before and after" in outcome(tmp_path, "BN104").message


@pytest.mark.parametrize("loop", ["evaluate", "predict"])
def test_a_loop_after_fit_is_recorded(flavour: Flavour, tmp_path: Path, loop: str) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback])
    given = (X, Y) if loop == "evaluate" else (X,)
    getattr(model, loop)(*given, batch_size=4, verbose=0, callbacks=[callback])
    history = read_model(tmp_path)
    assert history.layer(f"inference_{loop}")[-1, 0] == 10
    counted = {"evaluate": "evaluations", "predict": "predictions"}[loop]
    assert history.model(counted)[-1] == 1


def test_a_loop_after_fit_is_recorded_beside_the_tensorboard_callback(
    flavour: Flavour, tmp_path: Path
) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    tensorboard = flavour.keras.callbacks.TensorBoard(str(tmp_path))
    callback = tb_bnplugin.BatchNormCallback(tensorboard)
    fit(model, callbacks=[tensorboard, callback])
    model.predict(X, batch_size=4, verbose=0, callbacks=[callback])
    model.evaluate(X, Y, batch_size=4, verbose=0, callbacks=[tensorboard, callback])
    fit(model, callbacks=[tensorboard, callback])
    history = read_model(tmp_path, "train")
    assert history.layer("inference_predict")[-1, 0] == 10
    assert history.layer("inference_evaluate")[-1, 0] == 10
    assert history.layer("training_tape")[-1, 0] == 20
    assert history.steps[-1] == 20


def test_a_marked_evaluation_is_compared_too(flavour: Flavour) -> None:
    model = create_dense(flavour.keras)
    with tb_bnplugin.watch(model, on_finding="ignore") as watch:
        model(X, training=True)
        with watch.evaluating():
            kept = model.get_weights()
            model.set_weights([np.asarray(each) + 1 for each in kept])
        table = watch._recorder._records.documents["events"]
        assert isinstance(table, np.ndarray)
        from tb_bnplugin.schema.columns import EVENT_COLUMNS

        row = dict(zip(EVENT_COLUMNS, table[0].tolist(), strict=True))
    assert (row["uncounted_loops"], row["uncounted_loop_changes"]) == (1, 1)
