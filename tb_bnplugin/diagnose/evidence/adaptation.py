"""Layers whose statistics adapt to the data, and how long that takes."""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    OUTSIDE_EVALUATION,
    Mask,
    count,
    executions,
    layers_where,
    newest,
    started_as,
    updates_since_start,
)
from tb_bnplugin.diagnose.evidence.momentum import momenta
from tb_bnplugin.history.model import Floats, ModelHistory

RECENT_RECORDS: Final = 10
"""A layer that was updated in none of them is not updated any more."""


def can_adapt(history: ModelHistory) -> Mask:
    """Layers [layers] that training still updates: not frozen, in training mode, momentum below 1.

    The others keep the statistics that they have, whatever goes through them.
    """
    momentum = momenta(history)
    trained = executions(history, "training", OUTSIDE_EVALUATION)
    recent = trained[-1] - trained[max(len(trained) - 1 - RECENT_RECORDS, 0)]
    updated = (recent > 0) | ((trained[-1] > 0) & (len(trained) == 1))
    trainable = newest(history.layer("trainable")) != 0.0
    return np.asarray(updated & trainable & (momentum >= 0) & (momentum < 1), bool)


def lacks_statistics(history: ModelHistory) -> Mask:
    """Layers [layers] with initial statistics around trained gamma and beta: BN101 and BN207."""
    learned = layers_where(history, lambda layer: layer.gamma_beta.start == "trained")
    learned |= count(history, "gamma_beta_changes") > 0
    untouched = updates_since_start(history)[-1] <= 0
    untouched &= count(history, "statistics_changes") == 0
    return np.asarray(learned & untouched & started_as(history, "initializer"), bool)


def updates_to_fit(history: ModelHistory, mean: Floats, shift: Floats) -> Floats:
    """Updates [layers] until the statistics fit to a factor of two and half a deviation.

    An update leaves the share m of what is wrong. An example, a moving variance 100 times that of
    the batches and a momentum of 0.99: 0.99^n (100 - 1) < 1, so n = ln(99) / -ln(0.99) = 457.

    Args:
        history: of the model.
        mean: [layers] gap of the means, in standard deviations.
        shift: [layers] ln of moving variance over batch variance.
    """
    excess = np.where(shift > 0, np.exp(shift) - 1.0, 2.0 * (1.0 - np.exp(shift)))
    needed = np.maximum(np.maximum(excess, 2.0 * mean), 1.0)
    momentum = np.clip(momenta(history), 0.0, 1.0)
    return np.asarray(np.ceil(np.log(needed) / -np.log(momentum)), np.float64)
