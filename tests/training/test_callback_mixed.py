"""Keras' own callbacks beside ours, before and behind: neither changes what the other does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit

EPOCHS = 6
BATCHES = 2
ROWS = 20  # few rows would be a finding of their own


def others(keras: Any, folder: Path) -> list[Any]:
    """Callbacks that save, put back and stop; the loss stops getting better after two epochs."""
    callbacks = keras.callbacks
    return [
        callbacks.BackupAndRestore(str(folder / "backup")),
        callbacks.ModelCheckpoint(
            str(folder / "{epoch}.weights.h5"), save_weights_only=True, monitor="val_loss"
        ),
        callbacks.EarlyStopping(
            "val_loss", min_delta=0.5, patience=2, restore_best_weights=True, verbose=0
        ),
        callbacks.ReduceLROnPlateau("val_loss", patience=1, min_delta=0.5),
    ]


def train(keras: Any, callbacks: list[Any]) -> tuple[Any, Any]:
    """The history of a fit, and the weights after it."""
    keras.utils.set_random_seed(1)
    model = compile_tiny(create_dense(keras, momentum=0.1))
    history = fit(
        model, epochs=EPOCHS, batch_size=ROWS, validation_data=(X, Y), callbacks=callbacks
    )
    return history.history, model.get_weights()


@pytest.mark.parametrize("place", range(5))
def test_any_order_trains_and_stops_alike(flavour: Flavour, tmp_path: Path, place: int) -> None:
    keras = flavour.keras
    without, weights = train(keras, others(keras, tmp_path / "without"))
    assert len(without["loss"]) < EPOCHS  # stopped early: weights were put back
    mixed = others(keras, tmp_path / "with")
    callback = create(tmp_path / "logs", on_finding="ignore")
    mixed.insert(place, callback)
    watched, watched_weights = train(keras, mixed)
    assert watched == without
    for one, other in zip(weights, watched_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    saved = [sorted(x.name for x in (tmp_path / name).glob("*.h5")) for name in ("without", "with")]
    assert saved[0] == saved[1] != []
    assert {each.severity for each in callback.findings()} <= {"info"}
    history = read_model(tmp_path / "logs")
    assert history.steps[-1] == BATCHES * len(without["loss"])


class Interrupted(Exception):
    """As if the machine had been taken away."""


@pytest.mark.parametrize("first", [True, False])
def test_a_training_that_is_resumed_from_a_backup(
    flavour: Flavour, tmp_path: Path, first: bool
) -> None:
    keras = flavour.keras

    class Interrupt(keras.callbacks.Callback):  # type: ignore[name-defined]  # Keras has no types
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise Interrupted

    def run(*more: Any) -> Any:
        keras.utils.set_random_seed(1)
        model = compile_tiny(create_dense(keras, momentum=0.1))
        callback = create(tmp_path / "logs", on_finding="ignore")
        backup = keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))
        pair = [callback, backup] if first else [backup, callback]
        fit(model, epochs=4, batch_size=ROWS, validation_data=(X, Y), callbacks=[*pair, *more])
        return callback

    with pytest.raises(Interrupted):
        run(Interrupt())
    resumed = run()
    assert {each.severity for each in resumed.findings()} <= {"info"}
    statuses = {each.code: each.status for each in resumed.outcomes()}
    assert statuses["BN104"] != "finding"
    assert statuses["BN207"] != "finding"
