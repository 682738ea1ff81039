"""What many fits and compiles of one model in one process leave in a log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit

FITS = 500
STEPS = 2  # of a fit


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.tfevents*"))


def test_five_hundred_fits_take_bytes_in_proportion(flavour: Flavour, tmp_path: Path) -> None:
    model = compile_tiny(create_dense(flavour.keras))
    callback = create(tmp_path)
    fit(model, callbacks=[callback], batch_size=20)
    first = size_of(tmp_path)
    fits = FITS if flavour.name == "keras3" else FITS // 5  # tf_keras: 0.1 s more at each begin
    for _ in range(fits - 1):  # the hooks as `fit` calls them, at a tenth of its time
        callback.set_model(model)
        callback.on_train_begin()
        for batch in range(STEPS):
            model.train_on_batch(X[:20], Y[:20])
            callback.on_train_batch_end(batch)
        callback.on_epoch_end(0)
        callback.on_train_end()
        if callback._target.run.last_step == STEPS * fits // 2:
            half = size_of(tmp_path)
    total = size_of(tmp_path)
    assert total <= 1.2 * fits * first
    assert total <= 1.05 * 2 * half  # and the second half no more than the first
    history = read_model(tmp_path)
    assert len(history.phases) == fits
    assert [phase.step for phase in history.phases[:3]] == [1, 3, 5]


def probed(flavour: Flavour, folder: Path) -> Any:
    """A callback after two compiles with other metrics in one run."""
    keras = flavour.keras
    model = create_dense(keras)
    callback = create(folder, probe_data=(X[:8], Y[:8]))
    for metric in (keras.metrics.RootMeanSquaredError(name="root"), "mae"):
        compile_tiny(model, metrics=[metric])
        fit(model, callbacks=[callback])
    return callback


def check(history: ModelHistory) -> None:
    """Each metric stands under its own name: of the same errors, root >= mean absolute."""
    assert history.probe is not None
    assert {"root", "mae"} <= set(history.probe.metrics)
    root = history.probe.moving["root"]
    mean = next(v for name, v in history.probe.moving.items() if "mae" in name)
    assert np.isnan(mean[:1]).all()
    assert np.isfinite(root[:1]).all()
    assert np.isfinite(mean[-1:]).all()
    assert np.isnan(root[-1:]).all()
    loss = history.probe.moving["loss"]
    assert root[0] == pytest.approx(np.sqrt(loss[0]), rel=1e-5)
    assert mean[-1] <= np.sqrt(loss[-1])


def test_two_compiles_with_other_metrics(flavour: Flavour, tmp_path: Path) -> None:
    from tb_bnplugin.training.live import history_of

    callback = probed(flavour, tmp_path)
    (live,) = history_of(*callback._histories).models
    check(live)
    check(read_model(tmp_path))
