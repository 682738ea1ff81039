"""One batch normalization layer of a watched model, and the ways it was called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tb_bnplugin.keras.calls.counting import LayerCounter
from tb_bnplugin.measure.reading import LayerStart
from tb_bnplugin.schema.facts import Call


@dataclass(kw_only=True)
class WatchedLayer:
    """A layer that was found, and what is known of it."""

    path: str
    layer: Any
    counter: LayerCounter
    built_before: bool  # before it was watched
    start: LayerStart | None = None  # None until it is built
    first_seen: dict[tuple[Any, ...], int] = field(default_factory=dict)  # step of each way

    def calls(self, index: int, names: Mapping[int, str], step: int) -> list[Call]:
        """Its lines of the mode ledger.

        Args:
            index: of the layer in the table.
            names: by id, what the model and its layers are called in the log.
            step: of the record that is made: when a way of calling that is new was first seen.
        """
        calls = []
        for key, seen in list(self.counter.seen.items()):
            source = None if seen.source is None else seen.source()
            calls.append(
                Call(
                    layer=index,
                    mode=seen.mode,
                    context=seen.context,
                    training_argument=seen.training_argument,
                    reason=seen.reason,
                    source="" if source is None else names.get(id(source), str(source.name)),
                    trainable=seen.trainable,
                    function=seen.function,
                    jit=seen.jit,
                    input_shape=seen.input_shape,
                    first_step=self.first_seen.setdefault(key, step),
                    location=f"{seen.stack[0].file}:{seen.stack[0].line}" if seen.stack else "",
                    stack=seen.stack,
                )
            )
        return calls
