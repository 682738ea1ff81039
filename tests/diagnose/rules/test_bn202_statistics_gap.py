from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_history
from tests.support.judging import judge

STEPS = range(1, 401)  # momentum 0.9 remembers 10 updates
NOISE = np.exp(0.05 * np.random.default_rng(0).normal(size=len(STEPS)))


def gap(factor: float, noise: Any = NOISE, columns: Any = None, **changed: Any) -> ModelHistory:
    """Batches whose variance is a constant factor below the moving variance, and noise."""
    usual = {
        "moving_variance": 1.0,
        "batch_variance": noise / factor,
        "inference_evaluate": np.array(STEPS) // 50,
    }
    how = {"steps": STEPS, "layer_facts": {"momentum": 0.9}, **changed}
    return create_history(columns=usual | (columns or {}), **how)


ALTERNATING = np.where(np.arange(len(STEPS)) % 2, 0.2, 2.0)
BIG_NOISE = np.exp(0.5 * np.random.default_rng(1).normal(size=len(STEPS)))

FINDINGS = {
    "above": gap(3.0),
    "below": gap(1 / 3.0),
    "just beyond a factor of two": gap(2.1, noise=np.ones(len(STEPS))),
    "not evaluated": gap(3.0, columns={"inference_evaluate": 0.0}),
}

SILENT = {
    "none": gap(1.0),
    "just within a factor of two": gap(1.9, noise=np.ones(len(STEPS))),
    "batches of two kinds": gap(1.0, noise=ALTERNATING),
    "noise": gap(2.1, noise=BIG_NOISE),
    "the start explains it": gap(3.0, columns={"start_updates": 10_000.0}),
    "half precision": gap(3.0, layer_facts={"momentum": 0.9, "dtype": "float16"}),
    "momentum 1": gap(3.0, layer_facts={"momentum": 1.0}),
    "momentum 0": gap(3.0, layer_facts={"momentum": 0.0}),
    "too few updates for the momentum": gap(3.0, layer_facts={"momentum": 0.999}),
    "nine records": create_history(steps=range(1, 10)),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN202", FINDINGS[name])
    severity = "info" if name == "not evaluated" else "warning"
    assert (outcome.status, outcome.severity) == ("finding", severity)
    assert outcome.steps is not None
    assert outcome.steps[1] == 400


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN202", SILENT[name]).status in {"ok", "not_checked"}


@pytest.mark.parametrize("name", ["the start explains it", "half precision", "nine records"])
def test_missing_evidence_is_not_ok(name: str) -> None:
    assert judge("BN202", SILENT[name]).status == "not_checked"


@pytest.mark.parametrize("idle", [0.0, 5.0])
def test_a_frozen_layer_does_not_hide_the_others(idle: float) -> None:
    """Loaded, and apart from record 100 on only: the window may not be the whole history."""
    since = np.array(STEPS) > 100
    updates = np.stack([np.array(STEPS), np.array(STEPS), np.minimum(STEPS, idle)], axis=1)
    history = gap(
        1.0,
        noise=np.where(since, 1 / 3.0, 1.0) * NOISE,
        columns={"training_tape": updates, "start_updates": np.nan},
        layer_facts={"momentum": 0.9, "start": "loaded"},
    )
    outcome = judge("BN202", history)
    assert (outcome.status, outcome.layers) == ("finding", ("bn_0", "bn_1"))


def test_a_layer_that_stopped_training_is_not_judged() -> None:
    frozen = gap(3.0, columns={"training_tape": np.minimum(STEPS, 200)})
    assert judge("BN202", frozen).status == "not_checked"
