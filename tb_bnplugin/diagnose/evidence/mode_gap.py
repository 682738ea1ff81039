"""The mode gap: what the moving statistics cost on the held batch, against those of the batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.collapse import collapsed
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.history.model import Floats, ProbeHistory, Steps
from tb_bnplugin.printed import num

WORSE_ACCURACY: Final = 0.05
"""Share of the rows: less says little of a model, and comes and goes from epoch to epoch."""

WORSE_ROWS: Final = 9
"""Rows of the held batch that only one of the two gets right: as many would come about by chance
(each row as likely the one way as the other) once in 500 times."""

WORSE_LOSS: Final = 1.5
"""Factor of a loss whose outputs are no classes, so that there is no accuracy to compare."""

SAME_ACCURACY: Final = 0.02
"""Share of the rows: nothing that a user would see."""

SAME_LOSS: Final = 1.2
"""Factor of the loss, where there is no accuracy."""

CLOSING: Final = 0.5
"""Share of the gap of the probe before: the statistics come nearer by themselves."""

ALL_ALIKE: Final = (
    "With moving statistics all rows of the held batch give the same output (see BN109)."
)


@dataclass(frozen=True, kw_only=True)
class ModeGap:
    """The gap probe by probe. Without labels it has no score, and is neither."""

    steps: Steps  # [probes]
    scored: Mask  # [probes] there is something to compare
    worse: Mask  # [probes] moving statistics lose much
    same: Mask  # [probes] they lose nothing
    better: Mask  # [probes] batch statistics lose much
    closing: Mask  # [probes] moving statistics lose no more than half of what they did before
    text: tuple[str, ...]  # what was compared, "accuracy 0.24 with moving statistics, ..."


def mode_gap(probe: ProbeHistory | None) -> ModeGap:
    """How much worse the held batch fares with moving statistics.

    Classes are judged by their accuracy alone: a loss near 0 may double with no harm.
    """
    if probe is None:
        probe = ProbeHistory(steps=np.zeros(0, np.int64), moving={}, batch={}, metrics=())
    moving, batch = _scores(probe, "accuracy")
    rows = probe.moving.get("batch", np.full(len(probe.steps), np.nan))
    lost = batch - moving
    classes = np.isfinite(lost)
    loss, batch_loss = _scores(probe, "loss")
    factor = np.where((loss > 0) & (batch_loss > 0), loss / batch_loss, np.nan)
    worse_at = np.maximum(WORSE_ACCURACY, WORSE_ROWS / rows)
    cost = np.where(classes, lost, np.log(factor))
    # A model that was trained so scores badly in both modes: one answer for all rows is worse.
    alike = collapsed(probe)
    return ModeGap(
        steps=probe.steps,
        scored=classes | np.isfinite(factor),
        worse=np.asarray(np.where(classes, lost >= worse_at, factor >= WORSE_LOSS) | alike, bool),
        better=np.asarray(np.where(classes, -lost >= worse_at, factor <= 1 / WORSE_LOSS), bool),
        closing=np.append(False, cost[1:] <= CLOSING * cost[:-1]) if len(cost) else cost > 0.0,
        same=np.asarray(
            np.where(classes, lost <= SAME_ACCURACY, factor <= SAME_LOSS) & ~alike, bool
        ),
        text=tuple(
            ALL_ALIKE
            if alike[at]
            else _text("accuracy", moving[at], batch[at])
            if classes[at]
            else _text("loss", loss[at], batch_loss[at])
            for at in range(len(probe.steps))
        ),
    )


def _scores(probe: ProbeHistory, name: str) -> tuple[Floats, Floats]:
    unknown = np.full(len(probe.steps), np.nan)
    return probe.moving.get(name, unknown), probe.batch.get(name, unknown)


def _text(name: str, moving: float, batch: float) -> str:
    return (
        f"On the held batch the {name} is {num(moving)} with moving statistics and {num(batch)}"
        " with those of the batch."
    )
