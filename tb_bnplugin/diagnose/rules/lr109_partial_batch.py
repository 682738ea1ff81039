"""The last batch of an epoch is short, and its mean counts as much as that of a full one.

What it sees:
    Batches whose last one has a few rows, and a loss that is a mean over the rows of each.

Why it matters:
    Each row of the short batch weighs more than the others, by how much it is shorter: in the
    step, and in a mean over the losses of the batches, as `np.mean(losses)` of an epoch. Where
    these rows differ from the others, as the last ones of a sorted file do, the curve shows them.

How it decides:
    By the losses that a loop hands over. The mean of the recorded values and their mean weighted by
    rows differ by more than a factor 1.2, and each of the short batches, four at least, differs to
    the same side from the full ones around it. Otherwise nothing is said: a short batch is usual.

What to do:
    Shuffle, and leave the short batch out:

        dataset.shuffle(1000).batch(16, drop_remainder=True)

    Where losses are averaged, give each batch the weight of its rows.

When it is fine:
    If the rows of the last batch are meant to count for more.

References:
    https://github.com/tensorflow/tensorflow/issues/25970
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from tb_bnplugin.diagnose.by_loss import check_differentiated
from tb_bnplugin.diagnose.evidence import losses
from tb_bnplugin.diagnose.evidence.layers import Mask
from tb_bnplugin.diagnose.needs import LOSSES
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import Floats, LossHistory, ModelHistory
from tb_bnplugin.printed import num

RULE: Final = Rule(code="LR109", name="partial-batch", severity="warning", needs=(LOSSES,))

MATTERS: Final = 1.2
"""Quotient of the two means: more than the noise of most losses from epoch to epoch."""

FEWEST: Final = 4
"""Short batches: that all of them differ to one side by chance has a probability of 1/8."""


def check(history: ModelHistory) -> Iterable[Outcome]:
    """Look for short batches whose rows count for more, one outcome a loss."""
    return check_differentiated(RULE, history, lambda loss: _check_loss(history, loss))


def _check_loss(history: ModelHistory, loss: LossHistory) -> Outcome:
    values, doubled = losses.as_differentiated(loss)
    rows = losses.loss_column(loss, "batch")
    usable = np.isfinite(values) & np.isfinite(rows) & (rows > 0)
    if history.facts.replicas > 1 or not usable.any():
        return RULE.not_checked(f"The rows of each batch of {loss.name} are not known.")
    usable &= np.isfinite(doubled)
    if not usable.any():
        return RULE.not_checked(f"Whether {loss.name} is a mean over the rows is not known.")
    values, rows, doubled = (each[usable] for each in (values, rows, doubled))
    if (np.abs(doubled - values) > losses.RELATIVE_TOLERANCE * np.abs(values)).any():
        return RULE.not_checked(f"{loss.name} is no mean over the rows of a batch: see LR101.")
    full = float(rows.max())
    short = rows < full
    if not short.any():
        return RULE.ok(f"All measured batches of {loss.name} have {num(full)} rows.")
    if int(short.sum()) < FEWEST or (rows == full).sum() < short.sum():
        return RULE.not_checked(
            f"Too few short batches of {loss.name} were measured, or batches have any size."
        )
    of_batches, of_rows = float(values.mean()), float(np.average(values, weights=rows))
    quotient = of_batches / of_rows if of_rows else 1.0
    if not (quotient > MATTERS or quotient < 1.0 / MATTERS) or not _to_one_side(values, short):
        return RULE.ok(f"Short batches of {loss.name} are as the others.")
    fewest = float(rows[short].min())
    return RULE.finding(
        message=(
            f"Batches of {num(fewest)} rows count as much as those of {num(full)}: the mean of"
            f" {loss.name} over the batches is {num(quotient)} times that over the rows, and each"
            f" of these rows weighs {num(full / fewest)} times as much in the steps."
        ),
        fix=(
            "Shuffle, and leave the short batch out: `drop_remainder=True`. Where losses are"
            " averaged, give each batch the weight of its rows."
        ),
        evidence={
            "loss": loss.name,
            "mean_of_batches": of_batches,
            "mean_of_rows": of_rows,
            "fewest_rows": fewest,
            "rows": full,
        },
        steps=losses.steps_of(loss, usable),
    )


def _to_one_side(values: Floats, short: Mask) -> bool:
    """True where each short batch is above the full ones around it, or each is below."""
    places = np.arange(len(values))
    around = np.interp(places[short], places[~short], values[~short])
    above = values[short] > around
    return bool(above.all() or not above.any())
