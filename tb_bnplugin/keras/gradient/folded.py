"""Outputs whose gradient TensorFlow multiplies by a number, and folds that into the one before.

It does so only where nobody else takes the gradient in between: who looks at it would change how
it is rounded.
"""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf

_TIMES: Final = ("Mul", "MulNoNan", "RealDiv", "Div", "DivNoNan", "Neg", "Square", "Pow")
"""Operations whose gradient is that of their result, times something."""

_CALLS: Final = ("PartitionedCall", "StatefulPartitionedCall")
"""Functions: what they end with is not looked at."""

_SAME: Final = ("Identity", "IdentityN", "Add", "AddV2", "Sub")
"""Operations whose gradient is that of their result."""

_FARTHEST: Final = 8  # operations


def may_be_folded(predictions: tf.Tensor) -> bool:
    """True where the gradient of a tensor of a graph may be folded into what comes after it."""
    operation = _operation_in_graph(predictions)
    if operation is None:
        return False
    for _ in range(_FARTHEST):
        if operation.type in (*_TIMES, *_CALLS):
            return True
        if operation.type not in _SAME:
            return False
        several = [each.op for each in operation.inputs if not _is_constant(each)]
        if any(_reads_variable(each) for each in several):
            return False  # the gradient of a bias takes it as well
        if len(several) != 1 or (operation.type == "Sub" and several[0] is operation.inputs[1].op):
            return True
        operation = several[0]
    return True


def is_product(gradient: tf.Tensor) -> bool:
    """True where a program multiplied a tensor of a graph at last, as by `tf.clip_by_global_norm`.

    The optimizer multiplies it by its learning rate, and TensorFlow may make one product of both.
    """
    operation = _operation_in_graph(gradient)
    if operation is None:
        return False
    for _ in range(_FARTHEST):
        if operation.type not in ("Identity", "IdentityN", "Cast", "Reshape"):
            break
        operation = operation.inputs[0].op
    return operation.type in _TIMES


def _operation_in_graph(value: Any) -> Any:
    """The operation that made a tensor of a graph; None for one that is eager, and a variable."""
    in_graph = isinstance(value, tf.Tensor) and not isinstance(value, tf.__internal__.EagerTensor)
    return value.op if in_graph else None


def _is_constant(tensor: tf.Tensor) -> bool:
    return bool(tensor.op.type == "Const")


def _reads_variable(operation: Any) -> bool:
    for _ in range(_FARTHEST):  # through identities of ours, too, and casts
        if operation.type not in ("Identity", "IdentityN", "Cast"):
            break
        operation = operation.inputs[0].op
    return bool(operation.type == "ReadVariableOp")
