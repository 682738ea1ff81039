"""A moving mean that lags behind the batches of training, whose own means move as they train."""

from __future__ import annotations

import numpy as np

from tb_bnplugin.diagnose.evidence.batch_gap import batch_gap
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.evidence.probe_gap import MEAN_GAP
from tb_bnplugin.history.model import ModelHistory


def lag_of_mean(history: ModelHistory, layers: Mask) -> float | None:
    """How far the batches of training are from the moving mean of layers [layers] that train.

    In standard deviations of the batch, the median of the newest records, which cover what the
    moving average remembers, of the layer where it is most; None where it is less than what a rule
    tells of the held batch, so that the average follows its batches.
    """
    first = batch_gap(history).first
    gaps = np.median(np.nan_to_num(history.layer("mean_gap")[first:]), axis=0)
    largest = float(gaps[layers].max(initial=0.0))
    return largest if largest > MEAN_GAP else None
