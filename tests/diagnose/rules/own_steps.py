"""Histories of a `train_step` of the program's own, by what its gradient shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tb_bnplugin.history.model import ModelHistory
from tests.support.histories import create_gradient, create_history


def own_gradient(
    *, facts: dict[str, Any] | None = None, counted: float = 32.0, **columns: Any
) -> ModelHistory:
    """Three records of ten steps each, of one pass, in batches of so many rows mostly."""
    values = {"factor": 1.0, "cosine": 1.0, "steps": 10.0, "passes": 10.0} | columns
    gradient = create_gradient(at=(10, 20, 30), **values)
    history = create_history(
        model={"batch_frequent": counted}, facts={"own_train_step": True, **(facts or {})}
    )
    return replace(history, gradients=(gradient,))


SUM_OVER_64 = {"rows_factor": 1 / 64, "rows_cosine": 1.0, "factor": 0.51, "cosine": 0.9}
"""A sum over the rows, divided by 64, in batches of 32 rows and one short one."""
