"""A part that fails is switched off alone: one warning, the rest is recorded, rules say why."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_bnplugin.diagnose import Outcome
from tests.conftest import Flavour
from tests.support.logs import create, read_model
from tests.support.tiny import X, Y, compile_tiny, create_dense, fit


def fails(*_: Any, **__: Any) -> None:
    raise ValueError("on purpose\nand a second line")


def trained(
    flavour: Flavour, folder: Path, epochs: int = 2, fits: int = 1
) -> tuple[list[Any], Any, list[str]]:
    """Weights, callback and warnings of ours after some fits from one seed."""
    flavour.keras.utils.set_random_seed(3)
    model = compile_tiny(create_dense(flavour.keras), metrics=["mae"])
    callback = create(folder, probe_data=(X[:8], Y[:8]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(fits):
            fit(model, epochs=epochs, callbacks=[callback])
    told = [str(entry.message) for entry in caught if issubclass(entry.category, RuntimeWarning)]
    weights = [np.asarray(weight) for weight in model.get_weights()]
    return weights, callback, [text for text in told if text.startswith("tb_bnplugin")]


def outcome(callback: Any, code: str) -> Outcome:
    found: Outcome = next(entry for entry in callback.outcomes() if entry.code == code)
    return found


@pytest.mark.parametrize(
    ("target", "words", "code", "reason"),
    [
        ("tb_bnplugin.keras.probe.run.run", "no longer probes", "BN109", "The probe failed"),
        (
            "tb_bnplugin.keras.probe.run.measure_compiled_loss",
            "no longer measures the losses",
            "LR101",
            "The measurement of the losses failed",
        ),
        (
            "tb_bnplugin.keras.watched_model.draw",
            "cannot draw the model map",
            "BN103",
            "The graph of the model could not be read",
        ),
    ],
    ids=["probe", "losses", "topology"],
)
def test_one_warning_and_the_rest_goes_on(
    flavour: Flavour,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    words: str,
    code: str,
    reason: str,
) -> None:
    whole, _, told = trained(flavour, tmp_path / "whole", fits=2)
    assert told == []
    monkeypatch.setattr(target, fails)
    weights, callback, told = trained(flavour, tmp_path / "partly", fits=2)
    assert len(told) == 1
    assert words in told[0]
    assert "(ValueError: on purpose)" in told[0]
    for left, right in zip(weights, whole, strict=True):
        np.testing.assert_array_equal(left, right)
    history = read_model(tmp_path / "partly")
    assert history.steps.tolist() == list(range(1, 41))
    assert history.layer("training_tape")[-1, 0] == 40
    judged = outcome(callback, code)
    assert judged.status == "not_checked"
    assert judged.reason is not None
    assert judged.reason == f"{judged.reason.partition(':')[0]}: ValueError: on purpose."
    assert reason in judged.reason
    assert outcome(callback, "BN101").status == "ok"


def test_channels_that_cannot_be_read(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_bnplugin.keras.model.state_reader.StateReader.channels", fails)
    _, callback, told = trained(flavour, tmp_path)
    assert len(told) == 1
    assert "records no per-channel values" in told[0]
    assert outcome(callback, "BN109").status == "ok"


def test_a_rule_that_raises(
    flavour: Flavour, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tb_bnplugin.diagnose.rules.bn101_never_updated.check", fails)
    _, callback, told = trained(flavour, tmp_path)
    assert told == []
    assert outcome(callback, "BN101").status == "crashed"
    assert outcome(callback, "BN102").status == "ok"


def test_a_model_with_its_own_step_and_no_call(flavour: Flavour, tmp_path: Path) -> None:
    import tensorflow as tf

    keras = flavour.keras
    base: Any = keras.Model

    class Pair(base):
        def __init__(self) -> None:
            super().__init__()
            self.inner = create_dense(keras)

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self.inner(x, training=True) - y))
            weights = self.inner.trainable_variables
            self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return {"loss": loss}

    model = Pair()
    model.compile(optimizer="sgd")
    callback = create(tmp_path, probe_data=(X[:8], Y[:8]))
    with pytest.warns(RuntimeWarning, match="no longer probes|no longer measures") as told:
        fit(model, epochs=2, callbacks=[callback])
    parts = {str(entry.message).split(";")[0] for entry in told}
    assert len(parts) == len([e for e in told if e.category is RuntimeWarning])
    history = read_model(tmp_path)
    assert history.layer("training_tape")[-1, 0] == 20
    assert outcome(callback, "BN101").status == "ok"
