"""Structures of tensors, as labels, predictions and losses of several outputs come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any

import numpy as np
import tensorflow as tf

Path = tuple[Any, ...]  # keys and indices that lead to a value


def is_structure(value: Any) -> bool:
    """True for a dict, a list or a tuple of outputs; a list of plain numbers is one array."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, (list, tuple)) and not _is_array(value)


def leaves(structure: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """All values of a structure with their paths; of a plain value, itself."""
    if not is_structure(structure):
        return [(path, structure)]
    if isinstance(structure, Mapping):
        parts = list(structure.items())
    else:
        parts = list(enumerate(structure))
    return [leaf for key, part in parts for leaf in leaves(part, (*path, key))]


def map_leaves(change: Callable[[Any], Any], structure: Any) -> Any:
    """The structure with every value changed."""
    if not is_structure(structure):
        return change(structure)
    if isinstance(structure, Mapping):
        return {key: map_leaves(change, part) for key, part in structure.items()}
    changed = [map_leaves(change, part) for part in structure]
    if hasattr(structure, "_fields"):  # a named tuple
        return type(structure)(*changed)
    return tuple(changed) if isinstance(structure, tuple) else changed


def why_unmeasured(value: Any, what: str) -> str | None:
    """The reason why a value is no batch of numbers; None: it is one."""
    if value is None:
        return f"{what} is None"
    if isinstance(value, (tf.RaggedTensor, tf.SparseTensor, tf.IndexedSlices)):
        return f"{what} is a {type(value).__name__}, and one dense tensor is needed"
    if isinstance(value, (str, bytes, set)) or callable(value):
        return f"{what} must be one dense tensor or array, received {type(value).__name__}"
    return None


def as_array(value: Any, what: str) -> np.ndarray[Any, Any]:
    """The values of one output.

    Raises:
        TypeError: it is no dense tensor or array of numbers, or has no values yet.
    """
    why = why_unmeasured(value, what)
    if why is None and is_structure(value):
        why = f"{what} must be one dense tensor or array, received {type(value).__name__}"
    if why is not None:
        raise TypeError(why)
    if tf.is_tensor(value) and not tf.executing_eagerly() and not hasattr(value, "numpy"):
        raise TypeError(
            f"{what} is a symbolic tensor of a traced function; only its values can be measured"
        )
    if isinstance(value, (float, int, list, tuple)):
        value = tf.convert_to_tensor(value)  # floats as TensorFlow has them: float32
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise TypeError(f"{what} must hold numbers, received values of type {array.dtype}")
    return array


def _is_array(value: Any) -> bool:
    """True for numbers in lists, as deep as it may be: `[[1.0, 2.0], [3.0, 4.0]]`."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(_is_array(part) for part in value)
    if tf.is_tensor(value) or isinstance(value, np.ndarray):
        return getattr(value.shape, "rank", getattr(value, "ndim", None)) == 0
    return isinstance(value, (Number, np.generic))
