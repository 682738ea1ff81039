from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_bnplugin.schema.facts import Node
from tests.support.histories import FIFTY_STEPS, create_history
from tests.support.judging import judge


def idle_second(**columns: float) -> dict[str, object]:
    """Columns of three layers of which the second never runs."""
    runs = np.stack([FIFTY_STEPS, np.zeros(50), FIFTY_STEPS], axis=1).astype(float)
    changed = {name: runs[:, :] + np.array([0, value, 0]) for name, value in columns.items()}
    return dict.fromkeys(("training_tape", "statistics_changes", "gamma_beta_changes"), runs) | (
        changed
    )


UNBUILT = Node(path="bn_1", layer_class="BatchNormalization", layer=None)

FINDINGS = {
    "never called, so never built": create_history(layers=1, facts={"nodes": (UNBUILT,)}),
    "forgotten in call": create_history(columns=idle_second()),
    "others ran twice": create_history(
        steps=[1, 2],
        columns={
            "training_tape": [[1, 0, 1], [2, 0, 2]],
            "statistics_changes": [[1, 0, 1], [2, 0, 2]],
            "gamma_beta_changes": [[1, 0, 1], [2, 0, 2]],
        },
    ),
}

SILENT = {
    "a dense layer is in no table": create_history(
        facts={"nodes": (replace(UNBUILT, layer_class="Dense"),)}
    ),
    "all run": create_history(),
    "nothing was counted": create_history(columns={"training_tape": 0.0}),
    "others ran once": create_history(
        columns=dict.fromkeys(
            ("training_tape", "statistics_changes", "gamma_beta_changes"), [[1, 0, 1]] * 50
        )
    ),
    "run once by evaluate": create_history(
        columns=idle_second() | {"inference_evaluate": [[0, 1, 0]] * 50}
    ),
    "statistics written": create_history(columns=idle_second(statistics_changes=1.0)),
    "gamma learns in a trace that is not watched": create_history(
        columns=idle_second(gamma_beta_changes=1.0)
    ),
    "not known yet": create_history(columns=idle_second(training_tape=np.nan)),
    "no record": create_history(steps=[]),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_finds(name: str) -> None:
    outcome = judge("BN110", FINDINGS[name])
    assert (outcome.status, outcome.severity) == ("finding", "info")
    assert outcome.layers == ("bn_1",)


@pytest.mark.parametrize("name", SILENT)
def test_is_silent(name: str) -> None:
    assert judge("BN110", SILENT[name]).status in {"ok", "not_checked"}


def test_nothing_counted_is_not_ok() -> None:
    assert judge("BN110", SILENT["nothing was counted"]).status == "not_checked"
