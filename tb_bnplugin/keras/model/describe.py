"""Static facts of a watched model, as a log holds them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tb_bnplugin.keras.calls.own_updates import is_keras_call
from tb_bnplugin.keras.flavour import is_keras_own
from tb_bnplugin.keras.model.topology import Topology, is_graph
from tb_bnplugin.keras.variables import local
from tb_bnplugin.measure.reading import LayerStart
from tb_bnplugin.schema.columns import CONTEXTS
from tb_bnplugin.schema.facts import GammaBeta, Graph, LayerFacts, ModelCode, Node, Sharing
from tb_bnplugin.schema.thresholds import LEARNED_SHARE

Values = npt.NDArray[Any]


def layer_facts(
    path: str, layer: Any, start: LayerStart, *, requested: bool | None, sharing: Sharing
) -> LayerFacts:
    """The facts of one built layer."""
    return LayerFacts(
        path=path,
        layer_class=type(layer).__name__,
        channels=start.channels,
        momentum=start.momentum,
        epsilon=start.epsilon,
        axis=_axis(layer),
        dtype=_dtype_name(layer.moving_mean),
        synchronized=bool(getattr(layer, "synchronized", False))
        or type(layer).__name__ == "SyncBatchNormalization",
        start="initializer" if start.from_initializer else "loaded",
        start_updates_before=start.updates_before,
        requested=requested,
        keras_layer=is_keras_call(layer),
        gamma_beta=GammaBeta(
            gamma=getattr(layer, "gamma", None) is not None,
            beta=getattr(layer, "beta", None) is not None,
            start=start.gamma_beta_start,
        ),
        virtual_batch=_whole(layer, "virtual_batch_size"),
        sharing=replace(sharing, ran_before=start.ran_before),
    )


def layer_start(
    layer: Any, executions: Values, *, built_while_watched: bool
) -> tuple[LayerStart, Values, Values]:
    """Where the moving statistics of a built layer began: the start, mean and variance.

    A layer that was built while it was watched began at its initializers, whatever its
    statistics are by now; any other begins where it stands. `executions`: EXECUTION_COLUMNS so far.
    """
    updates = float(executions[: len(CONTEXTS)].sum())
    mean = np.asarray(local(layer.moving_mean)).reshape(-1)
    variance = np.asarray(local(layer.moving_variance)).reshape(-1)
    first_mean = _initial(layer, "moving_mean", mean, 0.0)
    first_variance = _initial(layer, "moving_variance", variance, 1.0)
    initial = first_mean is not None and first_variance is not None
    if first_mean is not None and first_variance is not None:
        if built_while_watched and updates > 0:
            mean, variance, updates = first_mean, first_variance, 0.0
        else:
            initial = np.array_equal(mean, first_mean) and np.array_equal(variance, first_variance)
    momentum, epsilon = _number(layer, "momentum"), _number(layer, "epsilon")
    start = LayerStart(
        channels=int(mean.size),
        momentum=np.nan if momentum is None else momentum,
        epsilon=1e-3 if epsilon is None else epsilon,
        from_initializer=initial,
        updates_before=updates,
        ran_before=()
        if built_while_watched or not executions.any()
        else tuple(executions.astype(float).tolist()),
        low_precision=mean.dtype.itemsize == 2,
        # what was built since it was watched began where layers begin, whatever it learned since
        gamma_beta_start="initializer" if built_while_watched else _gamma_beta_start(layer),
    )
    return start, mean, variance


CONSTANT_INITIALIZERS: Final = ("Zeros", "Ones", "Constant")
"""Classes of initializers that give the same values whenever they are asked."""


def _gamma_beta_start(layer: Any) -> str:
    """The start of gamma and beta: "initializer", "trained" or "unknown"."""
    learned = []
    for name in ("gamma", "beta"):
        variable = getattr(layer, name, None)
        if variable is None:
            continue
        initializer = getattr(layer, f"{name}_initializer", None)
        if type(initializer).__name__ not in CONSTANT_INITIALIZERS:
            return "unknown"
        value = np.asarray(local(variable)).reshape(-1)
        first = _initial(layer, name, value, 0.0)
        if first is None:
            return "unknown"
        # one number for all channels was put there by hand: a scale of 0, for instance
        alike = bool((value == value[:1]).all()) and len(value) > 1
        learned.append(0.0 if alike else float((value != first).mean()))
    if not learned:
        return "unknown"
    if all(share == 0.0 for share in learned):
        return "initializer"
    return "trained" if all(share >= LEARNED_SHARE for share in learned) else "unknown"


def overrides_train_step(model: Any) -> bool:
    """True if the `train_step` that `fit` runs is the user's."""
    return is_keras_own(type(model), "train_step") is False


def graph(topology: Topology, batch_norm_layers: Sequence[Any]) -> Graph:
    """The model map."""
    index = {id(layer): at for at, layer in enumerate(batch_norm_layers)}
    nodes = tuple(
        Node(
            path=path,
            layer_class=type(layer).__name__,
            layer=index.get(id(layer)),
            **_channels(layer),
        )
        for path, layer in zip(topology.paths, topology.layers, strict=True)
    )
    return Graph(nodes=nodes, edges=tuple(topology.edges))


def _channels(layer: Any) -> dict[str, Any]:
    """The axis on which a convolution of Keras' has its filters, or how a `Permute` moves axes."""
    name = type(layer).__name__
    if is_keras_own(type(layer), "call") is not True:
        return {}
    if name == "Permute":
        return {"permutes": tuple(int(axis) for axis in layer.dims)}
    filters, form = _whole(layer, "filters"), getattr(layer, "data_format", None)
    rank = _whole(layer, "rank")  # of the space
    if filters is None or rank is None or not isinstance(form, str):
        return {}
    axis = 1 if form == "channels_first" else rank + 1
    return {"filters": filters, "channel_axis": axis, "axes": rank + 2}


def code(model: Any) -> ModelCode:
    """The facts that the class of the model tells."""
    return ModelCode(
        model_class=type(model).__name__,
        subclassed=is_subclassed(model),
        call_accepts_training=accepts_training(model),
        has_call=is_graph(model) or is_keras_own(type(model), "call") is not True,
        own_train_step=overrides_train_step(model),
    )


def accepts_training(model: Any) -> bool | None:
    """True if the model's own `call` has a `training` argument; None where it cannot be seen."""
    if not is_subclassed(model):
        return True
    try:
        return "training" in inspect.signature(type(model).call).parameters
    except (TypeError, ValueError):
        return None


def is_subclassed(model: Any) -> bool:
    """True if the user wrote the model's `call` (it is neither functional nor sequential)."""
    if is_graph(model) and type(model).call is _graph_call(model):
        return False
    return is_keras_own(type(model), "call") is not True


def _graph_call(model: Any) -> Any:
    for base in type(model).__mro__:
        if base.__name__ in ("Functional", "Sequential") and "call" in base.__dict__:
            return base.__dict__["call"]
    return None


def _initial(layer: Any, name: str, like: Values, usual: float) -> Values | None:
    """The values of the layer's initializer, in the shape and dtype of `like`; None: not known."""
    initializer = getattr(layer, f"{name}_initializer", None)
    expected: Any = usual
    if initializer is not None:
        try:
            with tf.init_scope():
                expected = np.asarray(local(initializer(like.shape)))
        except Exception:  # noqa: BLE001  # a user's initializer may ask for more than a shape
            return None
    return np.broadcast_to(expected, like.shape).astype(like.dtype)


def _axis(layer: Any) -> tuple[int, ...]:
    axis = getattr(layer, "axis", ())
    if isinstance(axis, int):
        return (axis,)
    try:
        return tuple(int(part) for part in axis)
    except (TypeError, ValueError):
        return ()


def _number(layer: Any, name: str) -> float | None:
    value = getattr(layer, name, None)
    return float(value) if isinstance(value, (int, float)) else None


def _whole(layer: Any, name: str) -> int | None:
    value = getattr(layer, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _dtype_name(variable: Any) -> str:
    return str(getattr(variable.dtype, "name", variable.dtype))
