"""Tensors of a log take the memory of their bytes, and a damaged one is a `TensorError`."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from tensorboard.compat.proto import types_pb2
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.util import tensor_util
from tensorboard.util.tensor_util import make_tensor_proto

from tb_bnplugin.errors import TensorError
from tb_bnplugin.logs.tensors import DAMAGED, bounded, decode


def tensor(dtype: int, shape: list[int], **fields: Any) -> TensorProto:
    """A tensor of any type and shape, whatever its values are."""
    proto = TensorProto(dtype=dtype, **fields)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    "dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "u2", "u4", "u8", "?"]
)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)], ids=str)
def test_what_is_written_is_decoded(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    code = {"u4": types_pb2.DT_UINT32, "u8": types_pb2.DT_UINT64}.get(dtype)
    if code is not None:  # this TensorBoard makes none of them
        proto = tensor(code, [*shape], tensor_content=array.tobytes())
    else:
        proto = make_tensor_proto(array)
    read = decode(proto)
    assert (read.dtype, read.shape) == (array.dtype, shape)
    np.testing.assert_array_equal(read, array)


def test_values_in_fields_of_their_own_are_decoded() -> None:
    assert decode(tensor(types_pb2.DT_DOUBLE, [2], double_val=[1.5, 2.5])).tolist() == [1.5, 2.5]
    assert decode(tensor(types_pb2.DT_HALF, [1], half_val=[0x3C00])).tolist() == [1.0]


def test_of_strings_the_first_is_decoded() -> None:
    assert decode(make_tensor_proto([b"one", b"two"])).tolist() == [b"one"]
    assert decode(tensor(types_pb2.DT_STRING, [10**9], string_val=[b"one"])).tolist() == [b"one"]
    assert decode(tensor(types_pb2.DT_STRING, [])).tolist() == []


HOSTILE = {
    "one value for many": tensor(types_pb2.DT_DOUBLE, [10**9], double_val=[1.0]),
    "no value for many": tensor(types_pb2.DT_FLOAT, [10**5, 10**5]),
    "no value for one": tensor(types_pb2.DT_FLOAT, []),
    "a shape beyond 64 bits": tensor(types_pb2.DT_DOUBLE, [2**62, 4], double_val=[]),
    "a negative size": tensor(types_pb2.DT_DOUBLE, [-1, 2], double_val=[1.0, 2.0]),
    "content too short": tensor(types_pb2.DT_DOUBLE, [2], tensor_content=b"12345678"),
    "content of broken elements": tensor(types_pb2.DT_DOUBLE, [1], tensor_content=b"123"),
    "half of 99999": tensor(types_pb2.DT_HALF, [1], half_val=[99999]),
    "byte of 300": tensor(types_pb2.DT_INT8, [1], int_val=[300]),
    "a resource": tensor(types_pb2.DT_RESOURCE, []),
    "type 99": tensor(99, [1], tensor_content=b"1"),
    "no type": TensorProto(),
    "complex": make_tensor_proto(np.array([1j, 2j])),
    "bfloat16": tensor(types_pb2.DT_BFLOAT16, [1], half_val=[1]),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_cannot_be_decoded_is_a_tensor_error(case: str) -> None:
    with pytest.raises(TensorError):
        decode(HOSTILE[case])


@pytest.mark.parametrize("case", HOSTILE)
def test_tensorboard_gives_a_mark_for_it_while_we_read(case: str) -> None:
    with bounded():
        assert tensor_util.make_ndarray(HOSTILE[case]) is DAMAGED


def test_others_decode_as_before() -> None:
    fills = tensor(types_pb2.DT_DOUBLE, [3], double_val=[1.0])
    seen: list[Any] = []
    with bounded():
        thread = threading.Thread(target=lambda: seen.append(tensor_util.make_ndarray(fills)))
        thread.start()
        thread.join()
        with bounded():
            pass
        assert tensor_util.make_ndarray(fills) is DAMAGED
    assert seen[0].tolist() == tensor_util.make_ndarray(fills).tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("value", [[1.0, 2.0], b"text", []], ids=repr)
def test_a_scalar_is_one_number(value: Any) -> None:
    with bounded(scalars=True):
        assert tensor_util.make_ndarray(make_tensor_proto(value)) is DAMAGED
        assert tensor_util.make_ndarray(make_tensor_proto(2.5)).item() == 2.5
