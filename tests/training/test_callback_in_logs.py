"""`in_logs=True`: the numbers of findings in the `logs` of an epoch, for the callbacks behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tb_bnplugin.diagnose import Outcome
from tb_bnplugin.training.in_logs import found_so_far
from tests.conftest import Flavour
from tests.support.logs import create
from tests.support.tiny import compile_tiny, create_dense, fit

ERRORS, WARNINGS = "batch_norm_errors", "batch_norm_warnings"


def create_never_updated(keras: Any) -> Any:
    """A compiled model whose normalization runs in inference mode while it trains (BN101)."""

    class Inference(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="inference")
            self.norm = keras.layers.BatchNormalization()
            self.last = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.last(self.norm(inputs, training=False))

    return compile_tiny(Inference())


def create_logger(keras: Any) -> Any:
    """A callback that writes down what it is shown, as those of W&B and MLflow do."""

    class Logger(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epochs: list[dict[str, Any]] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.epochs.append(dict(logs or {}))

    return Logger()


def test_a_logger_behind_is_shown_the_findings(flavour: Flavour, tmp_path: Path) -> None:
    before, behind = create_logger(flavour.keras), create_logger(flavour.keras)
    callback = create(tmp_path, in_logs=True, on_finding="ignore")
    model = create_never_updated(flavour.keras)
    history = fit(model, epochs=2, callbacks=[before, callback, behind])
    errors = sum(each.severity == "error" for each in callback.findings())
    warnings = sum(each.severity == "warning" for each in callback.findings())
    assert errors >= 1
    assert (behind.epochs[-1][ERRORS], behind.epochs[-1][WARNINGS]) == (errors, warnings)
    assert history.history[ERRORS] == [epoch[ERRORS] for epoch in behind.epochs]
    assert [set(epoch) for epoch in before.epochs] == [{"loss"}, {"loss"}]


def test_a_healthy_model_has_none(flavour: Flavour, tmp_path: Path) -> None:
    logger = create_logger(flavour.keras)
    model = compile_tiny(create_dense(flavour.keras, momentum=0.1))
    fit(model, epochs=2, batch_size=20, callbacks=[create(tmp_path, in_logs=True), logger])
    assert [(epoch[ERRORS], epoch[WARNINGS]) for epoch in logger.epochs] == [(0.0, 0.0)] * 2


def test_the_logs_are_left_alone_unless_asked_for(flavour: Flavour, tmp_path: Path) -> None:
    logger = create_logger(flavour.keras)
    callback = create(tmp_path, on_finding="ignore")
    fit(create_never_updated(flavour.keras), callbacks=[callback, logger])
    assert callback.findings()
    assert [set(epoch) for epoch in logger.epochs] == [{"loss"}]


def test_a_checkpoint_may_be_named_by_them(flavour: Flavour, tmp_path: Path) -> None:
    name = str(tmp_path / ("{epoch}-{" + ERRORS + ":.0f}.weights.h5"))
    checkpoint = flavour.keras.callbacks.ModelCheckpoint(name, save_weights_only=True)
    model = compile_tiny(create_dense(flavour.keras, momentum=0.1))
    callbacks = [create(tmp_path / "logs", in_logs=True), checkpoint]
    fit(model, epochs=2, batch_size=20, callbacks=callbacks)
    assert sorted(path.name for path in tmp_path.glob("*.h5")) == [
        "1-0.weights.h5",
        "2-0.weights.h5",
    ]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"severity": "error"}, (1.0, 0.0)),
        ({"severity": "warning"}, (0.0, 1.0)),
        ({"severity": "info"}, (0.0, 0.0)),
        ({"severity": "error", "expected": True}, (0.0, 0.0)),
        ({"severity": "error", "status": "not_checked"}, (0.0, 0.0)),
    ],
)
def test_what_is_counted(how: dict[str, Any], expected: tuple[float, float]) -> None:
    how = {"status": "finding"} | how
    outcome = Outcome(code="BN101", name="never-updated", model="model", **how)
    counted = found_so_far([outcome])
    assert (counted[ERRORS], counted[WARNINGS]) == expected
