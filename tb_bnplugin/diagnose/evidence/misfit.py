"""Layers whose statistics do not fit the held batch, by what would cure it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tb_bnplugin.diagnose.evidence.adaptation import (
    can_adapt,
    lacks_statistics,
    updates_to_fit,
)
from tb_bnplugin.diagnose.evidence.copies import initial_statistics
from tb_bnplugin.diagnose.evidence.layers import (
    Mask,
    all_executions,
    newest,
    updates_since_start,
)
from tb_bnplugin.diagnose.evidence.momentum import updates_needed
from tb_bnplugin.diagnose.evidence.probe_gap import ProbeGap
from tb_bnplugin.diagnose.evidence.rescaled import rescaled
from tb_bnplugin.history.model import ModelHistory

PROBES_AT_LEAST: Final = 2
"""Probes in which layers that adapt must not fit: the gap of one may be gone at the next."""

Kind = Literal["swapped", "unfilled", "fixed", "slow", "following"]


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """Layers of one kind.

    swapped: mean and variance are in each other's place; unfilled: frozen at 0 and 1, where nothing
    filled them; fixed: nothing updates them; slow: they adapt, and have not yet; following: they
    follow the batches of training, which differ.
    """

    kind: Kind
    layers: Mask
    costs: bool = True  # the model is worse with moving statistics


def comparable(history: ModelHistory, probe: ProbeGap) -> Mask:
    """Layers [layers] whose statistics the newest probe can tell to be right or wrong.

    Not those that their starting value still shapes (BN201), nor those that train around initial
    statistics (BN101, BN207).
    """
    ran = all_executions(history)[-1] > 0
    known = ran & probe.measured & ~shaped_by_start(history, probe) & ~lacks_statistics(history)
    return np.asarray(known, bool)


def find_misfit(
    history: ModelHistory, probe: ProbeGap, known: Mask, follows: Mask
) -> Misfit | None:
    """The layers that do not fit; None: there are none.

    Where the model is worse for it, but for those swapped or never filled, which are no statistics
    at all. Of one kind at a time, since layers behind one that does not fit see what it gives.
    While the starting value still shapes any layer, the model may be worse for that.

    Args:
        history: of the model.
        probe: what the probes say of its layers.
        known: [layers] of which it says something.
        follows: [layers] whose statistics follow the batches of training.
    """
    costs = bool(probe.worse[-1]) and not bool(shaped_by_start(history, probe).any())
    wrong = known & probe.apart[-1] & costs
    adapting, lasting = can_adapt(history), wrong & _lasting(probe)
    frozen = newest(history.layer("trainable")) == 0.0
    kinds: tuple[tuple[Kind, Mask], ...] = (
        ("swapped", known & probe.swapped),
        ("unfilled", known & probe.apart[-1] & frozen & initial_statistics(history)),
        ("fixed", wrong & ~adapting),
        ("following", wrong & _other_scale(history, probe)),
        ("slow", lasting & adapting & ~follows & ~_soon(history, probe)),
        ("following", lasting & adapting & follows),
    )
    found = (Misfit(kind=kind, layers=mask, costs=costs) for kind, mask in kinds if mask.any())
    return next(found, None)


def find_following(history: ModelHistory, probe: ProbeGap, known: Mask, follows: Mask) -> Mask:
    """Layers [layers] that follow their batches, and have not fitted in the newest probes.

    Whatever that costs. None while the starting value still shapes any layer. For the arguments
    see `find_misfit`.
    """
    if len(probe.apart) < PROBES_AT_LEAST or shaped_by_start(history, probe).any():
        return np.zeros(len(known), bool)
    lasting = probe.apart[-PROBES_AT_LEAST:].all(axis=0)
    return np.asarray(known & lasting & can_adapt(history) & follows, bool)


def shaped_by_start(history: ModelHistory, probe: ProbeGap) -> Mask:
    """Layers [layers] that their starting value shaped when the newest probe ran."""
    at = min(int(np.searchsorted(history.steps, probe.step)), len(history.steps) - 1)
    return np.asarray(np.nan_to_num(updates_needed(history)[at]) > 0, bool)


def _other_scale(history: ModelHistory, probe: ProbeGap) -> Mask:
    """The layer [layers] that the held batch enters in another scale than those of training."""
    found = rescaled(history, probe)
    layers = np.arange(len(history.facts.layers))
    return np.asarray(layers == (-1 if found is None else found.layer), bool)


def _soon(history: ModelHistory, probe: ProbeGap) -> Mask:
    """Layers [layers] that will fit by the next probe, if that comes as soon as the newest did."""
    # by the pace of all records: those beside the probes may be missing
    updates, steps = updates_since_start(history), history.steps
    pace = updates[-1] / max(int(steps[-1]), 1)
    if len(steps) > 1:
        pace = np.maximum(pace, (updates[-1] - updates[0]) / int(steps[-1] - steps[0]))
    between = int(probe.step) - int(probe.steps[max(len(probe.steps) - 2, 0)])
    needed = updates_to_fit(history, probe.mean, probe.shift)
    return np.asarray(needed <= pace * between, bool)


def _lasting(probe: ProbeGap) -> Mask:
    """Layers [layers] that did not fit in the newest probes, as many as are asked for."""
    if len(probe.worse) < PROBES_AT_LEAST:
        return np.zeros(probe.apart.shape[1], bool)
    shown = probe.apart & probe.worse[:, None]
    return np.asarray(shown[-PROBES_AT_LEAST:].all(axis=0), bool)
