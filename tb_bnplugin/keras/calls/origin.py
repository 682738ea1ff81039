"""Where the data of a layer enter the graph: what to wait for, and to count rows of.

TensorFlow fuses a convolution with the normalization and the activation behind it only where nobody
else reads what lies between. A counter that read the layer's own inputs would prevent that, and so
change how the results are rounded.
"""

from __future__ import annotations

import weakref
from typing import Any, Final

import tensorflow as tf

_ENTRANCES: Final = ("IteratorGetNext", "IteratorGetNextSync", "OptionalGetValue", "Placeholder")
_HANDLES: Final = (tf.resource, tf.variant)

# By graph: for an operation, the name of the tensor. A tensor itself would keep its graph for good.
_known: weakref.WeakKeyDictionary[Any, dict[str, str]] = weakref.WeakKeyDictionary()


def origin(tensor: Any) -> Any:
    """The tensor through which the data of `tensor` entered its graph; itself where none is found.

    An example: for the inputs of a normalization behind `conv(images)` it is `images`, as the
    iterator or the argument of the traced function gave it.
    """
    graph = getattr(tensor, "graph", None)
    if graph is None or not hasattr(tensor, "op"):
        return tensor
    known = _known.setdefault(graph, {})
    found, seen, waiting = tensor, set(), [tensor]
    while waiting:
        now = waiting.pop()
        if now.op.name in seen or now.dtype in _HANDLES:
            continue
        seen.add(now.op.name)
        if now.op.name in known:
            found = graph.get_tensor_by_name(known[now.op.name])
            break
        if now.op.type in _ENTRANCES and now.shape.rank != 0:
            found = now
            break
        # The first input next: data come through it.
        waiting.extend(reversed(now.op.inputs))
    known.setdefault(tensor.op.name, found.name)
    return found
