"""Looking at one step while it runs: what the model is called with, makes, and is given back."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import tensorflow as tf

from tb_bnplugin.keras.calls import context
from tb_bnplugin.keras.calls.arguments import given_inputs, given_training, truth
from tb_bnplugin.keras.flavour import flavour_of_object, is_keras_own
from tb_bnplugin.keras.gradient.applied import given_pairs
from tb_bnplugin.keras.gradient.methods import WrappedMethod
from tb_bnplugin.keras.losses.logits import carries_logits
from tb_bnplugin.keras.model.layers import all_layers, is_batch_norm
from tb_bnplugin.keras.optimizers.description import chain
from tb_bnplugin.twins.events import Events
from tb_bnplugin.twins.terms import TappedTerms

if TYPE_CHECKING:
    from typing_extensions import Self

_BACKPROP: Final = "tensorflow.python.eager.backprop"


class _Calls(threading.local):
    inside = 0  # calls of the model within a call of it; replicas take turns


class Hooks:
    """Wraps methods of a model, its layers and optimizers, while one step runs.

    Identities with a gradient of their own stand on the outputs and on each term that is added to
    the loss: what comes back through them is the gradient of whatever is differentiated.
    """

    def __init__(self, model: Any, optimizers: Sequence[Any]) -> None:
        self.events = Events()
        self._model = model
        self._optimizers = _outermost(optimizers)
        self._layers = {id(layer): path for path, layer in moded_layers(model)}
        self._wrapped: list[WrappedMethod] = []
        self._terms = TappedTerms(model, self._tap)
        self._calls = _Calls()
        self._passes: list[FrameType] = []  # backward passes whose target is known

    def __enter__(self) -> Self:
        self._wrap(self._model, "call", self._around_model)
        for _, layer in moded_layers(self._model):
            self._wrap(layer, "call", self._around_layer)
        for optimizer in self._optimizers:
            flavour = flavour_of_object(optimizer)
            name = "apply" if flavour is not None and flavour.is_keras_3 else "apply_gradients"
            self._wrap(optimizer, name, self._around_apply)
        self._terms.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._terms.end()
        for wrapped in reversed(self._wrapped):
            wrapped.restore()
        self._wrapped.clear()
        self._passes.clear()

    def _wrap(self, target: Any, name: str, around: Callable[..., Any]) -> None:
        self._wrapped.append(WrappedMethod(target, name, around))

    def _around_model(self, run: Any, model: Any, args: Any, kwargs: Any) -> Any:
        if context.is_symbolic() or self._calls.inside:
            return run(model, *args, **kwargs)
        inputs = args[0] if args else given_inputs(model, args, kwargs)
        self.events.put("inputs", "", tf.nest.flatten(inputs, expand_composites=True))
        self._calls.inside += 1
        try:
            outputs = run(model, *args, **kwargs)
        finally:
            self._calls.inside -= 1
        return self._tapped_outputs(outputs)

    @tf.autograph.experimental.do_not_convert
    def _tapped_outputs(self, outputs: Any) -> Any:
        flat = tf.nest.flatten(outputs)
        self.events.put("outputs", "", flat)
        return tf.nest.pack_sequence_as(outputs, [self._tapped(at, o) for at, o in enumerate(flat)])

    def _tapped(self, at: int, output: Any) -> Any:
        if not tf.is_tensor(output) or not output.dtype.is_floating:
            return output
        logits = getattr(output, "_keras_logits", None)
        if logits is None and carries_logits(output):
            # Keras looks behind the operation itself, which an identity would hide.
            self.events.unseen["passed"] = (
                "an output comes straight from a softmax or sigmoid of TensorFlow, behind which"
                " Keras' losses look"
            )
            return output
        tapped = self._tap(output, "passed", str(at))
        if logits is not None:
            self.events.put("logits", str(at), [logits])
            tapped._keras_logits = self._tap(logits, "passed_logits", str(at))
        for name in ("_keras_mask", "_keras_history"):
            if hasattr(output, name):
                setattr(tapped, name, getattr(output, name))
        return tapped

    @tf.autograph.experimental.do_not_convert
    def _tap(self, tensor: Any, kind: str, label: str) -> Any:
        @tf.custom_gradient
        def identity(values: tf.Tensor) -> Any:
            def gradient(given: tf.Tensor) -> tf.Tensor:
                self._came_back(kind, label, given, values)
                return given

            return tf.identity(values), gradient

        return identity(tensor)

    @tf.autograph.experimental.do_not_convert
    def _came_back(self, kind: str, label: str, given: Any, values: Any) -> None:
        came = (given, values) if kind == "term" else (given,)
        self.events.put(kind, label, [tf.stop_gradient(each) for each in came])
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            is_pass = frame.f_code.co_name == "gradient"
            if is_pass and frame.f_globals.get("__name__") == _BACKPROP:
                break
            frame = frame.f_back
        if frame is None or any(frame is known for known in self._passes):
            return
        self._passes.append(frame)
        try:
            target = [tf.convert_to_tensor(t) for t in tf.nest.flatten(frame.f_locals["target"])]
        except Exception as error:  # noqa: BLE001  # a target of another kind
            self.events.fail("target", error)
            return
        shapes = [tuple(t.shape) if t.shape.rank is not None else None for t in target]
        total = tf.add_n([tf.reduce_sum(tf.cast(t, tf.float64)) for t in target])
        self.events.put("target", "", [tf.stop_gradient(total)], shapes=shapes)

    def _around_layer(self, run: Any, layer: Any, args: Any, kwargs: Any) -> Any:
        if not context.is_symbolic():
            self._note_mode(layer, args, kwargs)
        return run(layer, *args, **kwargs)

    @tf.autograph.experimental.do_not_convert
    def _note_mode(self, layer: Any, args: Any, kwargs: Any) -> None:
        asked = given_training(layer, args, kwargs)
        frozen = is_batch_norm(layer) and not layer.trainable
        if not tf.is_tensor(asked):
            asked = tf.constant(truth(asked))
        asked = tf.cast(asked, tf.bool)
        self.events.put("mode", self._layers[id(layer)], [asked], frozen=frozen)

    def _around_apply(self, run: Any, optimizer: Any, args: Any, kwargs: Any) -> Any:
        if args and hasattr(args[0], "__next__"):  # a `zip` can be gone through once
            args = (list(args[0]), *args[1:])
        self._note_apply(optimizer, args, kwargs)
        return run(optimizer, *args, **kwargs)

    @tf.autograph.experimental.do_not_convert
    def _note_apply(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        known = {id(each): at for at, each in enumerate(self._model.weights)}
        for at, each in enumerate(self._model.weights):
            known.setdefault(id(getattr(each, "value", None)), at)
        pairs = [
            (gradient, known[id(variable)])
            for gradient, variable in given_pairs(optimizer, args, kwargs)
            if gradient is not None and id(variable) in known
        ]
        if pairs:
            self.events.put(
                "applied",
                "",
                [gradient for gradient, _ in pairs],
                optimizer=[each is optimizer for each in self._optimizers].index(True),
                variables=[at for _, at in pairs],
            )


def moded_layers(model: Any) -> list[tuple[str, Any]]:
    """(path, layer) of the layers that do something else in training, and hold no others.

    Batch normalization, layers that draw random numbers, and those of the program's own.
    """
    found = []
    for path, layer in all_layers(model):
        takes = "training" in inspect.signature(type(layer).call).parameters
        leaf = not list(layer._flatten_layers(include_self=False))
        held = vars(layer)
        draws = "seed_generator" in held or "_random_generator" in held
        own = not is_keras_own(type(layer), "call")
        if takes and (is_batch_norm(layer) or (leaf and (draws or own))):
            found.append((path, layer))
    return found


def _outermost(optimizers: Sequence[Any]) -> list[Any]:
    inner = [held for each in optimizers for held in chain(each)[1:]]
    return [each for each in optimizers if not any(each is one for one in inner)]
