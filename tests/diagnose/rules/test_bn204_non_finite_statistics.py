from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import FIFTY_STEPS, create_history
from tests.support.judging import judge

STEPS = np.array(FIFTY_STEPS, float)
SINCE_12 = np.where(STEPS >= 12, 12.0, np.nan)

FINDINGS = {
    "NaN": create_history(
        columns={"invalid_first_step": SINCE_12, "variance_min": np.where(STEPS < 12, 0.2, np.nan)}
    ),
    "negative": create_history(
        columns={"invalid_first_step": SINCE_12, "variance_min": np.where(STEPS < 12, 0.2, -0.1)},
        layer_facts={"momentum": 1.1},
    ),
    "recovered": create_history(columns={"invalid_first_step": SINCE_12}),
}


def without_the_column(history: ModelHistory) -> ModelHistory:
    columns = dict(history.layer_columns)
    del columns["invalid_first_step"]
    return replace(history, layer_columns=columns)


SILENT = {
    "finite": create_history(),
    "variance 0": create_history(columns={"variance_min": 0.0}),
    "old log": without_the_column(create_history()),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN204", FINDINGS[name])
    assert (outcome.status, outcome.severity, outcome.steps) == ("finding", "error", (12, 50))


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN204", SILENT[name]).status in {"ok", "not_checked"}


def test_tells_negative_from_not_finite() -> None:
    negative, nan = judge("BN204", FINDINGS["negative"]), judge("BN204", FINDINGS["NaN"])
    assert "negative" in negative.message
    assert "momentum" in negative.fix
    assert "NaN or infinite" in nan.message
    assert negative.evidence["layers_with_momentum_outside_0_1"] == 3


def test_weights_that_broke_too_are_said() -> None:
    columns = {"invalid_first_step": SINCE_12, "variance_min": np.nan}
    outcome = judge("BN204", create_history(columns=columns, model={"weights_finite": 0.0}))
    assert "clipnorm" in outcome.fix


def test_names_the_first_layer() -> None:
    columns = {"invalid_first_step": np.array([[np.nan, 14.0, 12.0]] * 50)}
    outcome = judge("BN204", create_history(columns=columns))
    assert outcome.layers == ("bn_1", "bn_2")
    assert outcome.evidence["first_layer"] == "bn_2"
