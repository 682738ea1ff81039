"""The axis on which the filters of a convolution are, where a layer after it is called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tb_bnplugin.history.model import Graph, Node

KEEPING: Final = (
    "Activation",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "ELU",
    "Softmax",
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "GaussianNoise",
    "GaussianDropout",
    "AlphaDropout",
    "ActivityRegularization",
    "BatchNormalization",
    "SyncBatchNormalization",
    "LayerNormalization",
    "GroupNormalization",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Add",
    "Average",
    "Maximum",
)
"""Classes of Keras' layers whose output has the axes of their input, each in its place."""


@dataclass(frozen=True, kw_only=True)
class Channels:
    """The filters of a convolution in the tensor that comes from it."""

    made_by: str  # path of the convolution
    filters: int
    axis: int  # counted from 0, the axis of the batch
    axes: int  # of that tensor


def channels_before(graph: Graph) -> dict[int, Channels]:
    """For each batch normalization layer, by its index, the filters that enter it.

    Missing where it cannot be told from the graph: after a reshape, a layer of another class, or
    where the branches that meet do not agree.
    """
    entering: dict[int, list[int]] = {}
    for source, target in graph.edges:
        entering.setdefault(target, []).append(source)
    made: dict[int, Channels | None] = {}
    found: dict[int, Channels] = {}

    # nodes come in the order in which they are reached: sources are before their targets
    for at, node in enumerate(graph.nodes):
        before = [made.get(source) for source in entering.get(at, ())]
        given = before[0] if before else None
        alike = given is not None and all(
            each is not None and (each.axis, each.filters) == (given.axis, given.filters)
            for each in before
        )
        known = given if alike else None
        if node.layer is not None and known is not None:
            found[node.layer] = known
        made[at] = _after(node, known)
    return found


def _after(node: Node, given: Channels | None) -> Channels | None:
    if node.filters is not None and node.channel_axis is not None and node.axes is not None:
        return Channels(
            made_by=node.path, filters=node.filters, axis=node.channel_axis, axes=node.axes
        )
    if given is None or node.layer_class in KEEPING:
        return given
    if node.layer_class == "Permute" and given.axis in node.permutes:
        return replace(given, axis=node.permutes.index(given.axis) + 1)
    return None
