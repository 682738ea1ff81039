"""The tensors of a log as arrays, no larger than the bytes that they have.

A tensor names its shape, and TensorBoard fills that shape from a single value: ten bytes ask for
gigabytes. It also raises errors of many classes at a damaged one, which take all other records
with them. What the recorder writes has a value for each element, and is decoded here.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tensorboard.compat.proto import types_pb2
from tensorboard.util import tensor_util

from tb_bnplugin.errors import TensorError

_FIELDS: Final = {
    types_pb2.DT_DOUBLE: ("double_val", np.float64),
    types_pb2.DT_FLOAT: ("float_val", np.float32),
    types_pb2.DT_HALF: ("half_val", np.float16),
    types_pb2.DT_INT64: ("int64_val", np.int64),
    types_pb2.DT_INT32: ("int_val", np.int32),
    types_pb2.DT_INT16: ("int_val", np.int16),
    types_pb2.DT_INT8: ("int_val", np.int8),
    types_pb2.DT_UINT8: ("int_val", np.uint8),
    types_pb2.DT_UINT16: ("int_val", np.uint16),
    types_pb2.DT_UINT32: ("uint32_val", np.uint32),
    types_pb2.DT_UINT64: ("uint64_val", np.uint64),
    types_pb2.DT_BOOL: ("bool_val", np.bool_),
}

DAMAGED: Final[npt.NDArray[Any]] = np.array(None, object)
"""Stands for a tensor that cannot be decoded, where TensorBoard decodes it for us."""


def decode(tensor: Any) -> npt.NDArray[Any]:
    """The array in a `TensorProto`; of strings the first alone, which is all that a document has.

    Raises:
        TensorError: it is damaged, of a type that no record has, or has fewer values than elements.
    """
    if tensor.dtype == types_pb2.DT_STRING:
        return np.array([*tensor.string_val[:1]], object)
    if tensor.dtype not in _FIELDS:
        raise TensorError(f"a tensor has the type {tensor.dtype}, which no record has")
    field, dtype = _FIELDS[tensor.dtype]
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    if any(size < 0 for size in shape):
        raise TensorError("a tensor has a negative size")
    try:
        values: npt.NDArray[Any]
        if tensor.tensor_content:
            values = np.frombuffer(tensor.tensor_content, dtype)
        else:
            values = _from_field(getattr(tensor, field), dtype)
        if math.prod(shape) != len(values):
            raise TensorError("a tensor has more or fewer values than its shape says")
        return values.reshape(shape)
    except (OverflowError, ValueError) as error:
        raise TensorError(f"a tensor is damaged: {error}") from error


def _from_field(values: Any, dtype: type[np.generic]) -> npt.NDArray[Any]:
    if dtype is np.float16:  # the bits, as whole numbers
        return np.fromiter(values, np.uint16, len(values)).view(np.float16)
    return np.fromiter(values, dtype, len(values))


class _Reading(threading.local):
    """Who reads in this thread: others of TensorBoard decode as before."""

    ours = False
    scalars = False


_reading: Final = _Reading()
_theirs: Final = tensor_util.make_ndarray


@contextlib.contextmanager
def bounded(*, scalars: bool = False) -> Iterator[None]:
    """Let TensorBoard's data providers decode as `decode` does, in this thread and for now.

    They give DAMAGED for what cannot be decoded, and with `scalars` for what is not one number.
    """
    before = _reading.ours, _reading.scalars
    _reading.ours, _reading.scalars = True, scalars
    try:
        yield
    finally:
        _reading.ours, _reading.scalars = before


def _make_ndarray(tensor: Any) -> Any:
    """Stands in for TensorBoard's function of this name, which has no limit that one could set."""
    if not _reading.ours:
        return _theirs(tensor)
    try:
        value = decode(tensor)
    except TensorError:
        return DAMAGED
    return DAMAGED if _reading.scalars and (value.size != 1 or value.dtype == object) else value


tensor_util.make_ndarray = _make_ndarray
