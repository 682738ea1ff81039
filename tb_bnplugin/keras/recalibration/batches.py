"""The data of a recalibration as batches, whatever they come in."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import tensorflow as tf

from tb_bnplugin.keras.flavour import Flavour

Batch = tuple[Any, Any, Any]
"""Inputs, labels or None, weights of the rows or None."""

_KINDS: Final = (
    "a tf.data.Dataset, a generator, a Keras Sequence or PyDataset, a list of batches, arrays, or"
    " a tuple (x, y) or (x, y, sample_weight) of arrays"
)


class Batches:
    """Batches of one data set, in one iteration or several.

    Args:
        flavour: of the model.
        data: see `recalibrate`.
        batch_size: rows of a batch, where `data` are arrays.
        steps: batches of one iteration at most; all if None.

    Raises:
        TypeError: `data` is nothing of that kind.
        ValueError: it never ends, and `steps` is None.
    """

    def __init__(self, flavour: Flavour, data: Any, batch_size: int, steps: int | None) -> None:
        self._flavour = flavour
        self._steps = steps
        self.once = hasattr(data, "__next__")  # a generator: its batches are gone
        self._data = _iterable(data, batch_size)
        self.expected = _length(self._data, steps)
        """Batches of an iteration, None where that is not known before."""

    def __iter__(self) -> Iterator[Batch]:
        """The batches of one iteration; those without rows are left out."""
        batches = itertools.islice(self._data, self._steps)
        for given in itertools.chain.from_iterable(map(_of_replicas, batches)):
            batch = _parts(self._flavour, given)
            if rows_of(batch[0]) > 0:
                yield batch


def rows_of(x: Any) -> int:
    """The rows of a batch."""
    parts = tf.nest.flatten(x, expand_composites=False)
    if not parts:
        return 0
    shape = parts[0].shape
    return int(shape[0]) if shape.rank != 0 else 1


def _iterable(data: Any, batch_size: int) -> Any:
    if hasattr(data, "element_spec") or hasattr(data, "__next__"):
        return data
    if hasattr(data, "__getitem__") and hasattr(data, "on_epoch_end"):
        return _Indexed(data)
    if isinstance(data, list) and all(isinstance(item, tuple) for item in data):
        return data
    if _is_arrays(data):
        return _Cut(data, batch_size)
    if isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
        raise TypeError(f"data must be {_KINDS}; received {type(data).__name__}")
    return data


def _is_arrays(data: Any) -> bool:
    if isinstance(data, (dict, tuple, list)):
        parts = [part for part in tf.nest.flatten(data) if part is not None]
        return bool(parts) and all(_is_array(part) for part in parts)
    return _is_array(data)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or tf.is_tensor(value)


class _Indexed:
    """A Keras `Sequence` or `PyDataset`, by index: no process is started, no epoch ended."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __len__(self) -> int:
        count = getattr(self._data, "num_batches", None)
        return len(self._data) if count is None else int(count)

    def __iter__(self) -> Iterator[Any]:
        return (self._data[at] for at in range(len(self)))


class _Cut:
    """Arrays, cut into batches in the order of their rows."""

    def __init__(self, data: Any, batch_size: int) -> None:
        self._data = data
        self._size = batch_size
        parts = [part for part in tf.nest.flatten(data) if part is not None]
        rows = {len(part) for part in parts}
        if len(rows) > 1:
            raise ValueError(f"arrays of one data set have equal rows; received {sorted(rows)}")
        (self._rows,) = rows

    def __len__(self) -> int:
        return (self._rows + self._size - 1) // self._size

    def __iter__(self) -> Iterator[Any]:
        for at in range(0, self._rows, self._size):
            yield tf.nest.map_structure(
                lambda part, at=at: None if part is None else part[at : at + self._size],
                self._data,
            )


def _length(data: Any, steps: int | None) -> int | None:
    known: int | None = None
    if isinstance(data, tf.data.Dataset):
        cardinality = int(data.cardinality())
        if cardinality == tf.data.INFINITE_CARDINALITY and steps is None:
            raise ValueError("the dataset repeats for ever: say how many batches, steps=200")
        known = cardinality if cardinality >= 0 else None
    elif hasattr(data, "__len__"):
        known = len(data)
    if steps is None:
        return known
    return steps if known is None else min(steps, known)


def _of_replicas(batch: Any) -> Iterator[Any]:
    """The batch of each replica, of a distributed dataset; else the batch itself."""

    def pieces(part: Any) -> Any:
        held = isinstance(part, tf.distribute.DistributedValues)
        return part.values if held and isinstance(part.values, tuple) else None

    parts = tf.nest.flatten(batch)
    counts = {len(found) for part in parts if (found := pieces(part)) is not None}
    if not counts:
        yield batch
        return
    for at in range(max(counts)):
        yield tf.nest.map_structure(
            lambda part, at=at: part if pieces(part) is None else pieces(part)[at], batch
        )


def _parts(flavour: Flavour, batch: Any) -> Batch:
    parts = batch if isinstance(batch, tuple) else (batch,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            "a batch must be x, (x, y) or (x, y, sample_weight); received a tuple of"
            f" {len(parts)} parts"
        )

    def tensor(value: Any) -> Any:
        if value is None or tf.is_tensor(value):
            return value
        if not isinstance(value, np.ndarray):
            value = np.asarray(value)
        as_float = value.dtype == np.float64
        return tf.constant(value, flavour.keras.backend.floatx() if as_float else None)

    x, y, weight = (*(tf.nest.map_structure(tensor, part) for part in parts), None, None)[:3]
    return x, y, weight
