"""A layer normalizes an axis that does not hold the channels of the convolution before it.

What it sees:
    A layer behind a convolution whose filters are on another axis there than the one that the layer
    normalizes, which is the last one by default: the data format of the convolution is channels
    first, or a `Permute` has moved them.

Why it matters:
    Each position of the last axis (a column of an image, a frequency band) gets a mean and a scale
    of its own, and all filters share them. The layer has as many statistics as there are positions,
    so that it also takes inputs of one width only.

How it decides:
    The graph of the model tells the axis on which each convolution has its filters. It is followed
    through layers that keep the axes in their places, and through `Permute`. It is not followed
    through a reshape, a layer of another class or a model of the program's own: of a subclassed
    model Keras keeps no graph.

What to do:
    Name the axis of the channels:

        keras.layers.BatchNormalization(axis=1)

When it is fine:
    If each position should be normalized by itself, as frequency bands in some audio networks.

References:
    https://github.com/sharathadavanne/seld-dcase2021/issues/8,
    https://keras.io/api/layers/normalization_layers/batch_normalization/
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tb_bnplugin.diagnose.evidence.channel_axis import channels_before
from tb_bnplugin.diagnose.needs import GRAPH, RECORDS
from tb_bnplugin.diagnose.outcome import Outcome
from tb_bnplugin.diagnose.rule import Rule
from tb_bnplugin.history.model import ModelHistory

RULE: Final = Rule(code="BN212", name="wrong-axis", severity="warning", needs=(RECORDS, GRAPH))


def check(history: ModelHistory) -> Outcome:
    """Look for layers whose axis is not that of the filters that enter them."""
    layers = history.facts.layers
    known = channels_before(history.facts.graph)
    if not known and history.facts.code.subclassed:
        return RULE.not_checked(
            "Keras keeps no graph of a subclassed model, so that it is not known which layer comes"
            " before another."
        )
    if not known:
        return RULE.not_checked(
            "The graph of the model shows no convolution whose filters enter a layer."
        )
    wrong = {
        index: channels
        for index, channels in known.items()
        if layers[index].axis
        and layers[index].virtual_batch is None  # tf_keras counts its axis from the virtual batch
        and channels.axis not in [axis % channels.axes for axis in layers[index].axis]
    }
    if not wrong:
        return RULE.ok(f"{len(known)} layers normalize the filters of the convolution before them.")
    first, channels = next(iter(wrong.items()))
    size = layers[first].channels
    return RULE.layer_finding(
        history,
        np.isin(np.arange(len(layers)), list(wrong)),
        f"normalized axis {layers[first].axis[0] % channels.axes}, where the {channels.filters}"
        f" filters of {channels.made_by} are on axis {channels.axis}: {size} statistics for"
        f" {size} positions.",
        fix=(
            "Build the layer with the axis of the filters:"
            f" `BatchNormalization(axis={channels.axis})`."
        ),
        evidence={"axis": channels.axis, "filters": channels.filters, "statistics": int(size or 0)},
        steps=(int(history.steps[0]), int(history.steps[-1])),
    )
