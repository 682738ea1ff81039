"""`BatchNormCallback(..., preflight=True)`: said before the first step, which trains as without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tb_bnplugin
from tests.conftest import Flavour
from tests.preflights.test_state import assert_equal, made, trained_state
from tests.support import twin_pairs


def fit(model: Any, folder: Path, **options: Any) -> Any:
    x, y = twin_pairs.batch()
    callback = tb_bnplugin.BatchNormCallback(folder, on_finding="ignore", **options)
    history = model.fit(x, y, epochs=2, batch_size=8, verbose=0, callbacks=[callback]).history
    return callback, history


def test_fit_trains_bit_equal(flavour: Flavour, tmp_path: Path) -> None:
    x, y = twin_pairs.batch()
    seen: list[Any] = []
    ways: list[dict[str, Any]] = [{}, {"preflight": True}]
    for options in (*ways, {"preflight": True, "probe_data": (x, y)}):
        model = made(flavour.keras)
        callback, history = fit(model, tmp_path / str(len(seen)), **options)
        assert (callback.preflight_report is not None) == bool(options)
        seen.append((trained_state(model), history, callback.ledger().replace(model.name, "")))
    for state, history, ledger in seen[1:]:
        assert_equal(state, seen[0][0])
        assert history == seen[0][1]
        assert ledger == seen[0][2]


def test_the_report_is_printed_before_the_first_step(
    flavour: Flavour, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keras: Any = flavour.keras
    printed: list[str] = []

    class First(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            printed.append(capsys.readouterr().err)

    layers = [keras.layers.BatchNormalization(momentum=99), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((twin_pairs.FEATURES,)), *layers])
    model.compile("sgd", twin_pairs.cross_entropy(keras))
    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding="ignore", preflight=True)
    x, y = twin_pairs.batch()
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[callback, First()])
    report = callback.preflight_report
    assert report is not None
    assert report.rows == 16
    assert "BN210" in [each.code for each in report.findings()]
    assert "error BN210 momentum-out-of-range" in printed[0]
    place = next(each.place for each in report.findings() if each.place is not None)
    assert place.file.endswith("test_callback.py")


def test_a_dataset_needs_a_batch(flavour: Flavour, tensorflow: Any, tmp_path: Path) -> None:
    x, y = twin_pairs.batch()
    data = tensorflow.data.Dataset.from_tensor_slices((x, y)).batch(8)
    model = made(flavour.keras)
    callback = tb_bnplugin.BatchNormCallback(tmp_path, on_finding="ignore", preflight=True)
    with pytest.warns(RuntimeWarning, match="give the callback one batch as probe_data"):
        model.fit(data, shuffle=False, verbose=0, callbacks=[callback])
    assert callback.preflight_report is None
    assert np.isfinite(np.asarray(model.weights[0])).all()
    callback = tb_bnplugin.BatchNormCallback(tmp_path, preflight=True, probe_data=data)
    model.fit(data, shuffle=False, verbose=0, callbacks=[callback])
    report = callback.preflight_report
    assert report is not None
    assert report.rows == 8
