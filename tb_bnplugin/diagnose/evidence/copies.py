"""Statistics and weights that come from outside: left behind by a copy, or put back."""

from __future__ import annotations

import numpy as np

from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    count,
    executions,
    layers_where,
    newest,
    started_as,
    updates_since_start,
)
from tb_bnplugin.diagnose.evidence.momentum import movable
from tb_bnplugin.diagnose.evidence.training import cannot_have_learned
from tb_bnplugin.history.model import Floats, ModelHistory


def initial_statistics(history: ModelHistory) -> Mask:
    """Layers [layers] whose statistics are those of their initializers, and that could move."""
    untouched = updates_since_start(history)[-1] <= 0
    untouched &= count(history, "statistics_changes") == 0
    return np.asarray(untouched & started_as(history, "initializer") & movable(history), bool)


def assigned_from_outside(history: ModelHistory) -> Mask:
    """Layers [layers] whose gamma and beta were written from outside, with other weights."""
    written = count(history, "gamma_beta_changes") > 0
    others = bool(newest(history.model("weight_changes")) > 0)
    return np.asarray(cannot_have_learned(history) & written & others, bool)


def executions_since_written(history: ModelHistory) -> Floats:
    """Executions in inference mode [layers] since the record at which gamma and beta had changed.

    Those before it may have come before the change. 0 where they never did.
    """
    inference, written = executions(history, "inference"), history.layer("gamma_beta_changes") > 0
    first = np.where(written.any(axis=0), np.argmax(written, axis=0), len(inference) - 1)
    begin = np.take_along_axis(inference, first[None], axis=0)[0]
    return np.asarray(inference[-1] - begin, np.float64)


def put_back(history: ModelHistory) -> Mask:
    """Layers [layers] whose statistics changed and are 0 and 1, beside trained gamma and beta.

    So they are where the model was trained, or loaded, and then reset.
    """
    learned = layers_where(history, lambda layer: layer.gamma_beta.start == "trained")
    learned |= count(history, "gamma_beta_changes") > 0
    return np.asarray(learned & np.isfinite(history.layer("put_back_step")[-1]), bool)
