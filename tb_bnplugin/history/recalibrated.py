"""The recalibrations of a model, by layer and record: "recalibrated_step"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_bnplugin.history.model import Floats, LayerFacts, Recalibrated, Steps


def recalibrated_columns(
    made: Sequence[Recalibrated], layers: Sequence[LayerFacts], steps: Steps
) -> dict[str, Floats]:
    """The step of the last recalibration of each layer by each record; {} where none was made.

    Of a recalibration that was applied, those of its layers that its record names. One at the step
    of a record counts as made by then.
    """
    applied = [each for each in made if each.facts.applied]
    if not applied:
        return {}
    place = {layer.path: index for index, layer in enumerate(layers)}
    column = np.full((len(steps), len(layers)), np.nan)
    for each in applied:  # in the order in which they were made
        named = [place[layer.path] for layer in each.facts.layers if layer.path in place]
        begin = int(np.searchsorted(steps, each.step))
        column[begin:, named] = each.step
    column.flags.writeable = False
    return {"recalibrated_step": column}
