"""Layers whose statistics do not fit the held batch, by what would cure it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tb_bnplugin.diagnose.evidence.adaptation import can_adapt, lacks_statistics
from tb_bnplugin.diagnose.evidence.layers import Mask, all_executions
from tb_bnplugin.diagnose.evidence.momentum import updates_needed
from tb_bnplugin.diagnose.evidence.probe_gap import ProbeGap
from tb_bnplugin.history.model import ModelHistory

PROBES_AT_LEAST: Final = 2
"""Probes in which layers that adapt must not fit: the gap of one may be gone at the next."""

Kind = Literal["swapped", "fixed", "slow", "following"]


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """Layers of one kind.

    swapped: mean and variance are in each other's place; fixed: nothing updates them; slow: they
    adapt, and have not yet; following: they follow the batches of training, which differ.
    """

    kind: Kind
    layers: Mask


def comparable(history: ModelHistory, probe: ProbeGap) -> Mask:
    """Layers [layers] whose statistics the newest probe can tell to be right or wrong.

    Not those that their starting value still shapes (BN201), nor those that train around initial
    statistics (BN101, BN207).
    """
    at = min(int(np.searchsorted(history.steps, probe.step)), len(history.steps) - 1)
    dominated = np.nan_to_num(updates_needed(history)[at]) > 0
    ran = all_executions(history)[-1] > 0
    return np.asarray(ran & probe.measured & ~dominated & ~lacks_statistics(history), bool)


def find_misfit(
    history: ModelHistory, probe: ProbeGap, known: Mask, follows: Mask
) -> Misfit | None:
    """The layers that do not fit, where the model is worse for it; None: there are none.

    Of one kind at a time, since layers behind one that does not fit see what it gives.

    Args:
        history: of the model.
        probe: what the probes say of its layers.
        known: [layers] of which it says something.
        follows: [layers] whose statistics follow the batches of training.
    """
    wrong = known & probe.apart[-1] & probe.worse[-1]
    adapting, lasting = can_adapt(history), wrong & _lasting(probe)
    kinds: tuple[tuple[Kind, Mask], ...] = (
        ("swapped", known & probe.swapped),
        ("fixed", wrong & ~adapting),
        ("slow", lasting & adapting & ~follows),
        ("following", lasting & adapting),
    )
    return next((Misfit(kind=kind, layers=mask) for kind, mask in kinds if mask.any()), None)


def _lasting(probe: ProbeGap) -> Mask:
    """Layers [layers] that did not fit in the newest probes, as many as are asked for."""
    if len(probe.worse) < PROBES_AT_LEAST:
        return np.zeros(probe.apart.shape[1], bool)
    shown = probe.apart & probe.worse[:, None]
    return np.asarray(shown[-PROBES_AT_LEAST:].all(axis=0), bool)
