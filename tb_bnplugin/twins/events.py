"""The events of a step while it runs, as numpy values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Values = npt.NDArray[Any]

_LOW: Final = (tf.float16, tf.bfloat16)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened while a step ran."""

    kind: str  # "inputs", "mode", "outputs", "logits", "passed", "target", "term", ...
    label: str
    replica: int
    values: tuple[Values, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


class Events:
    """Takes events from eager code and from traced functions, in the order in which they run."""

    def __init__(self) -> None:
        self.happened: list[Event] = []
        self.unseen: dict[str, str] = {}  # why a kind of event could not be taken

    @tf.autograph.experimental.do_not_convert
    def put(self, kind: str, label: str, tensors: Sequence[Any], **facts: Any) -> None:
        """Take an event, now or whenever its trace runs."""
        try:
            values = [_readable(tensor) for tensor in tensors]
            replica = _replica()

            def happen(*arrays: Any) -> None:
                held = tuple(np.array(array) for array in arrays)
                self.happened.append(
                    Event(kind=kind, label=label, replica=replica, values=held, facts=facts)
                )

            if tf.executing_eagerly():
                happen(*[value.numpy() for value in values])
            else:
                tf.numpy_function(happen, values, [])
        except Exception as error:  # noqa: BLE001  # the step goes on
            self.fail(kind, error)

    def fail(self, kind: str, error: Exception) -> None:
        """Note that events of a kind are missing."""
        first = (str(error).splitlines() or [""])[0]
        self.unseen.setdefault(kind, f"{type(error).__name__}: {first}")


def _readable(tensor: Any) -> tf.Tensor:
    tensor = tf.convert_to_tensor(tensor)
    if tensor.dtype in (tf.string, tf.resource, tf.variant):
        raise TypeError(f"a tensor of {tensor.dtype.name} is not compared")
    return tf.cast(tensor, tf.float32) if tensor.dtype in _LOW else tensor


def _replica() -> int:
    context = tf.distribute.get_replica_context()
    held = None if context is None else context.replica_id_in_sync_group
    return held if isinstance(held, int) else int(tf.get_static_value(held) or 0)
