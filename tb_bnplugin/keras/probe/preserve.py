"""Leaving a model as it was: all that running it may change is put back, bit for bit."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import tensorflow as tf
from tensorflow.python.eager import context

from tb_bnplugin.errors import NotBuiltError
from tb_bnplugin.keras.flavour import flavour_of
from tb_bnplugin.keras.variables import copies

_SEED: Final = 0x7462_626E_706C_7567  # of random operations in a probe; no user draws from it


@contextmanager
def preserved(model: Any) -> Iterator[None]:
    """Put every variable and attribute of the model back at the end, whatever is done within.

    Variables (moving statistics, seeds, counters of the user's layers), the losses that layers
    collected, attributes of layers, and TensorFlow's own sequence of random seeds.

    Raises:
        NotBuiltError: the model is not built, or a layer would be built within.
    """
    flavour = flavour_of(model)
    if not model.built:
        raise NotBuiltError(
            f"the model {model.name!r} is not built yet: call it on a batch first, since running"
            " it would create its variables"
        )
    layers = list(model._flatten_layers())
    with ExitStack() as stack:
        stack.enter_context(own_seeds())
        for layer in layers:
            stack.enter_context(_refusing_to_build(layer))
            stack.callback(restore_attributes, layer, attributes_of(layer))
            stack.callback(restore_losses, layer, losses_of(layer))
        for part, value in _values(model, layers):
            stack.callback(part.assign, value)
        if flavour.is_keras_3:
            # Writes go to the scope; variables that Keras does not know are restored above.
            stack.enter_context(flavour.keras.StatelessScope())
        yield


@contextmanager
def variables_preserved(model: Any) -> Iterator[None]:
    """Put back what calls of a traced function may write, whatever is done within.

    Nothing else is held: the user's own code may run within.
    """
    with ExitStack() as stack:
        for part, value in _values(model, list(model._flatten_layers())):
            stack.callback(part.assign, value)
        yield


def touched(model: Any) -> list[Any]:
    """Operations of a graph that stand for what running the model does to its variables.

    They read each variable, replica by replica, and write those anew, as they are, that are put
    back: TensorFlow orders them among the reads and writes of a traced step, and so what is run
    after them.
    """
    layers = list(model._flatten_layers())
    restored = {id(part) for part in _restored(model, layers)}
    variables = (*model.variables, *_unknown(model, layers))
    found: list[Any] = []
    for part in (part for variable in variables for part in copies(variable)):
        if isinstance(part, tf.Variable):
            value = part.read_value()
            found.append(value)
            if id(part) in restored:
                found.append(tf.raw_ops.AssignVariableOp(resource=part.handle, value=value))
    return found


def _unknown(model: Any, layers: list[Any]) -> list[tf.Variable]:
    """The variables of layers that are not among those of the model."""
    known = {id(variable) for variable in model.variables}
    found: dict[int, tf.Variable] = {}
    for layer in layers:
        generator = getattr(getattr(layer, "_random_generator", None), "_generator", None)
        for held in (*vars(layer).values(), getattr(generator, "state", None)):
            if isinstance(held, tf.Variable) and id(held) not in known:
                found[id(held)] = held
    return list(found.values())


def _restored(model: Any, layers: list[Any]) -> list[tf.Variable]:
    """Each variable that a forward pass may write, replica by replica."""
    variables = {id(variable): variable for variable in _unknown(model, layers)}
    if not flavour_of(model).is_keras_3:
        for variable in model.non_trainable_variables:
            # weights of frozen layers are many, and no forward pass writes them
            if not variable.trainable:
                variables[id(variable)] = variable
    return [part for variable in variables.values() for part in copies(variable)]


def _values(model: Any, layers: list[Any]) -> list[tuple[tf.Variable, tf.Tensor]]:
    """The same, with their values."""
    return [(part, tf.identity(part.read_value())) for part in _restored(model, layers)]


def attributes_of(layer: Any) -> dict[str, tuple[Any, list[Any] | None]]:
    """The attributes of an object, and the items of those that are lists."""
    return {
        name: (value, list(value) if type(value) is list else None)
        for name, value in vars(layer).items()
    }


def restore_attributes(layer: Any, saved: dict[str, tuple[Any, list[Any] | None]]) -> None:
    """Give an object the attributes that `attributes_of` saw."""
    # Past `__setattr__`, in which Keras tracks what is assigned.
    present = vars(layer)
    for name in [name for name in present if name not in saved]:
        del present[name]
    for name, (value, items) in saved.items():
        if present.get(name, saved) is not value:
            present[name] = value
        # By identity: a list may hold tensors or arrays, which `==` would compare by value.
        if items is not None and [id(item) for item in value] != [id(item) for item in items]:
            value[:] = items


def losses_of(layer: Any) -> tuple[list[Any], set[int]]:
    """The losses that a layer collected: tf_keras keeps them by thread, Keras 3 in its own list."""
    thread = getattr(layer, "_thread_local", None)
    if thread is not None:
        return list(getattr(thread, "_eager_losses", ())), set()
    return list(layer._losses), set(getattr(layer, "_loss_ids", ()))


def restore_losses(layer: Any, saved: tuple[list[Any], set[int]]) -> None:
    """Give a layer the losses that `losses_of` saw."""
    losses, ids = saved
    thread = getattr(layer, "_thread_local", None)
    if thread is not None:
        if hasattr(thread, "_eager_losses"):
            thread._eager_losses = losses
        return
    layer._losses.clear()
    layer._losses.extend(losses)
    if hasattr(layer, "_loss_ids"):
        layer._loss_ids.clear()
        layer._loss_ids.update(ids)


@contextmanager
def _refusing_to_build(layer: Any) -> Iterator[None]:
    if layer.built or getattr(type(layer).build, "_is_default", False):
        yield
        return

    def build(*_: Any, **__: Any) -> None:
        raise NotBuiltError(
            f"the layer {layer.name!r} is not built yet: call the model on a batch first, since"
            " running it would create its variables"
        )

    attributes = vars(layer)
    own = attributes.get("build")  # Keras 3 puts a wrapper on each instance
    attributes["build"] = build
    try:
        yield
    finally:
        if own is None:
            del attributes["build"]
        else:
            attributes["build"] = own


@contextmanager
def own_seeds(*, in_graphs: bool = False) -> Iterator[None]:
    """Random operations within take seeds of ours, from beside TensorFlow's own sequence.

    With `in_graphs` a function that is traced within takes them too, the same at each time.

    Going back in its sequence would not do: an operation with the same seed goes on where the
    one within stopped, since TensorFlow keeps the kernel.
    """
    eager = context.context()
    users = getattr(eager, "_rng", None)
    if users is None:
        yield
        return
    global_seed = getattr(eager, "_seed", None)
    eager._rng = random.Random(_SEED)  # noqa: S311  # no secret
    if in_graphs:
        eager._seed = _SEED % 2**31
    try:
        yield
    finally:
        eager._rng, eager._seed = users, global_seed
