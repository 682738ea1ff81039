"""The batch that both steps of a twin get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.flavour import flavour_of


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The batch that both steps get."""

    x: Any
    y: Any
    weights: Any
    given: Any  # what a step is called with instead: one argument, or several in a tuple

    def data(self) -> tuple[Any, ...]:
        """(x,), (x, y) or (x, y, weights), as `fit` has it."""
        if self.weights is not None:
            return (self.x, self.y, self.weights)
        return (self.x,) if self.y is None else (self.x, self.y)


def make_batch(model: Any, x: Any, y: Any, weights: Any, given: Any, *, of: str = "twin") -> Batch:
    """The batch as tensors, floats of numpy as Keras has them.

    Raises:
        ValueError: there is no batch, or its parts have different numbers of rows.
    """
    if x is None:
        raise ValueError(f"{of} needs a batch: {of}(model, train_step, x, y)")
    floatx = flavour_of(model).keras.backend.floatx()
    x, y, weights, given = (_tensors(part, floatx) for part in (x, y, weights, given))
    rows: dict[int, str] = {}
    for name, part in (("x", x), ("y", y), ("sample_weight", weights)):
        for each in tf.nest.flatten(part):
            if each is not None:
                if not each.shape.rank:
                    raise ValueError(f"{name} must have rows, received a single number")
                rows.setdefault(int(each.shape[0]), name)
    if len(rows) > 1:
        counted = ", ".join(f"{name} has {count}" for count, name in rows.items())
        raise ValueError(f"the parts of the batch must have the same number of rows: {counted}")
    if 0 in rows:
        raise ValueError("the batch has no rows")
    return Batch(x=x, y=y, weights=weights, given=given)


def rows_of(batch: Batch) -> int:
    """How many rows a batch has."""
    return int(tf.nest.flatten(batch.x)[0].shape[0])


def distributed(model: Any, batch: Batch) -> Batch:
    """The batch, divided over the replicas where there are several."""
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync == 1:
        return batch
    parts = {"x": batch.x, "y": batch.y, "weights": batch.weights, "given": batch.given}
    held = {name: part for name, part in parts.items() if part is not None}
    divided = next(iterator_of(strategy, held))
    return Batch(**{name: divided.get(name) for name in parts})


def iterator_of(strategy: Any, data: Any) -> Iterator[Any]:
    """An iterator over one batch, divided as `fit` divides a dataset."""
    rows = int(tf.nest.flatten(data)[0].shape[0])
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(rows)
    iterator: Iterator[Any] = iter(strategy.experimental_distribute_dataset(dataset))
    return iterator


def _tensors(value: Any, floatx: str) -> Any:
    if isinstance(value, dict):
        return {name: _tensors(part, floatx) for name, part in value.items()}
    if isinstance(value, (list, tuple)) and any(_has_parts(part) for part in value):
        return type(value)([_tensors(part, floatx) for part in value])
    if value is None or tf.is_tensor(value):
        return value
    value = np.asarray(value)
    return tf.convert_to_tensor(value, floatx if value.dtype.kind == "f" else None)


def _has_parts(value: Any) -> bool:
    return tf.is_tensor(value) or isinstance(value, (np.ndarray, dict))
