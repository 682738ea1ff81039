"""The loss that `fit` shows is 0 in every epoch, and the one that is differentiated is not.

What it sees:
    A `train_step` of the program's own that returns `{"loss": loss}`, under Keras 3. Where the
    names that it returns are those of the model's metrics, Keras shows the metrics; and the one
    that is called "loss" was never updated.

Why it matters:
    The model trains, but its curve says nothing: what watches the loss (early stopping, a
    checkpoint of the best epoch, a learning rate that falls at a plateau) sees a loss that is
    perfect from the start.

How it decides:
    The logged loss is exactly 0 in each of two epochs or more, while the measured gradient of what
    is differentiated, or the loss of the probes, is not.

What to do:
    Update the metrics in `train_step`:

        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)

When it is fine:
    Never, as long as anybody looks at the loss.

References:
    https://github.com/keras-team/keras/issues/14705,
    https://keras.io/guides/custom_train_step_in_tensorflow/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.needs import by_fit
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, ModelHistory

RULE: Final = Rule(code="LR107", name="logged-not-optimized", severity="warning")

FEWEST: Final = 2
"""Epochs: the sum of one, of either sign, may be 0 by chance."""


def check(history: ModelHistory) -> Outcome:
    """Look for a logged loss that is 0 while another one trains."""
    if not by_fit(history):
        return RULE.not_checked("What a loop logs is not recorded.")
    if history.facts.code.own_train_step is False:
        return RULE.ok("Keras' own `train_step` logs the loss that it differentiates.")
    logged, steps = _logged(history)
    if len(logged) < FEWEST:
        return RULE.not_checked("Needs the logged loss of two epochs.")
    if (logged != 0.0).any():
        return RULE.ok("The logged loss is not always 0.")
    if not _is_trained(history):
        return RULE.not_checked(
            "The logged loss is 0 in every epoch; that another one is differentiated was not"
            " measured. Give the callback one batch: probe_data=(x, y)."
        )
    return RULE.finding(
        message=(
            f"The loss in the logs was 0.0 in each of {len(logged)} epochs, and the one that"
            " `train_step` differentiates is not: the metric that Keras shows under this name is"
            " never updated."
        ),
        fix=(
            "Update it in `train_step`, for each metric in `self.metrics`:"
            ' `if metric.name == "loss": metric.update_state(loss)`.'
        ),
        evidence={"logged": 0.0, "epochs": len(logged)},
        steps=(steps[0], steps[-1]),
    )


def _logged(history: ModelHistory) -> tuple[Floats, list[int]]:
    """The logged losses, and the steps at the end of their epochs."""
    for gradient in history.gradients:
        values = gradient.columns.get("logged_loss")
        if values is not None and np.isfinite(values).any():
            known = np.isfinite(values)
            return values[known], [int(step) for step in gradient.steps[known]]
    return np.zeros(0), []


def _is_trained(history: ModelHistory) -> bool:
    """True where a loss other than 0 is differentiated, or is that of the probes."""
    factors = [gradient.columns.get("factor") for gradient in history.gradients]
    if any(bool((np.nan_to_num(each) != 0.0).any()) for each in factors if each is not None):
        return True
    if history.probe is None:
        return False
    return bool((np.nan_to_num(history.probe.moving["loss"]) != 0.0).all())
