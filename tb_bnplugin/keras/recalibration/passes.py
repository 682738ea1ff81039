"""Passes of a model in which its layers take statistics that are handed to them.

The model runs in inference mode, and its own statistics are not touched: while a layer is called,
tensors stand in the place of its moving mean and variance. They are those of what enters it in
this call, or those that the pass was given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.python.eager import record

from tb_bnplugin.keras.calls.arguments import given_inputs, given_mask
from tb_bnplugin.keras.calls.suspend import suspend
from tb_bnplugin.keras.flavour import Flavour
from tb_bnplugin.keras.model.layers import batch_norm_layers
from tb_bnplugin.keras.probe.forced_mode import replaced_call
from tb_bnplugin.keras.probe.preserve import preserved
from tb_bnplugin.keras.recalibration.levels import LayerCall, in_order, levels_of
from tb_bnplugin.keras.recalibration.moments import joined, moments_of

Floats = npt.NDArray[np.float64]

_NO_VALUES: Final = 3  # rows of `moments_of`


@dataclass
class _Noted:
    """The calls of one pass, while it is made or traced."""

    moments: dict[int, list[tf.Tensor]] = field(default_factory=dict)
    calls: list[LayerCall] = field(default_factory=list)


class Passes:
    """Runs batches through a model, and gives what entered each layer.

    Args:
        flavour: of the model.
        model: built.
        layers: those that are measured, of Keras' own classes. All others run in inference mode.
    """

    def __init__(self, flavour: Flavour, model: Any, layers: Sequence[Any]) -> None:
        self._flavour = flavour
        self._model = model
        self._layers = list(layers)
        sizes = [int(np.prod(layer.moving_mean.shape)) for layer in layers]
        ends = np.cumsum(sizes, dtype=int).tolist()
        self.places = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        """The channels of each layer among those of all."""
        self.channels: int = ends[-1]
        self.levels = [0] * len(self._layers)
        """See `levels_of`; known after the first batch."""
        self._traced: dict[Any, Callable[..., Any]] = {}
        self._eagerly = bool(getattr(model, "run_eagerly", False))

    def run(self, x: Any, held: Floats, by_batch: npt.NDArray[np.bool_]) -> tuple[Any, Floats]:
        """The outputs of a batch, and what entered each layer.

        Args:
            x: inputs of the batch, tensors.
            held: [2, channels], mean and variance of all layers.
            by_batch: [layers]: True, the layer takes the statistics of the batch; else `held`.

        Returns:
            The outputs, and float64 [3, channels]: values, mean, squared deviations from it. All 0
            where a layer was not called.
        """
        given = (x, tf.constant(held), tf.constant(by_batch))
        if not self._eagerly:
            try:
                function = self._function(x)
            except Exception:  # noqa: BLE001  # Python in the model that depends on values
                self._eagerly = True
            else:
                outputs, moments = function(*given)
                return outputs, np.asarray(moments)
        with self._nothing_left_behind():
            noted = _Noted()
            outputs, moments = self._call(noted, *given)
        if not any(self.levels):
            self.levels = in_order(noted.calls, len(self._layers))
        return outputs, np.asarray(moments)

    def _function(self, x: Any) -> Callable[..., Any]:
        specs = tf.nest.map_structure(_any_rows, x)
        key = tuple(map(repr, (tf.nest.map_structure(repr, specs),)))
        if key not in self._traced:
            noted = _Noted()

            @tf.autograph.experimental.do_not_convert
            def step(x: Any, held: Any, by_batch: Any) -> Any:
                return self._call(noted, x, held, by_batch)

            statistics = tf.TensorSpec([2, self.channels], tf.float64)
            modes = tf.TensorSpec([len(self._layers)], tf.bool)
            with self._nothing_left_behind():
                function = tf.function(step).get_concrete_function(specs, statistics, modes)
            if not any(self.levels):
                self.levels = levels_of(function.graph, noted.calls, len(self._layers))
            self._traced[key] = function
        return self._traced[key]

    @contextmanager
    def _nothing_left_behind(self) -> Iterator[None]:
        with suspend(), record.stop_recording(), preserved(self._model):
            yield

    def _call(self, noted: _Noted, x: Any, held: Any, by_batch: Any) -> tuple[Any, tf.Tensor]:
        flavour, model = self._flavour, self._model
        takes_training = not flavour.is_keras_3 or getattr(model, "_call_has_training_arg", True)
        options = {"training": False} if takes_training else {}
        # A scope for each trace: what one writes is symbolic, and of no use to the next.
        scope = flavour.keras.StatelessScope() if flavour.is_keras_3 else nullcontext()
        noted.moments.clear()
        noted.calls.clear()
        with scope, self._layers_given(noted, held, by_batch):
            outputs = tf.nest.map_structure(tf.convert_to_tensor, model(x, **options))
        parts = [
            joined(noted.moments[index])
            if index in noted.moments
            else tf.zeros([_NO_VALUES, place.stop - place.start], tf.float64)
            for index, place in enumerate(self.places)
        ]
        return outputs, tf.concat(parts, axis=1)

    @contextmanager
    def _layers_given(self, noted: _Noted, held: Any, by_batch: Any) -> Iterator[None]:
        at = {id(layer): index for index, layer in enumerate(self._layers)}
        with ExitStack() as stack:
            for _, layer in batch_norm_layers(self._model):
                index = at.get(id(layer))
                given = None
                if index is not None:
                    given = (noted, index, held[:, self.places[index]], by_batch[index])
                stack.enter_context(_called_with(layer, given))
            yield


@contextmanager
def _called_with(layer: Any, given: tuple[_Noted, int, Any, Any] | None) -> Iterator[None]:
    """Within, the layer runs in inference mode, with statistics that it is given if any."""
    signature = inspect.signature(type(layer).call)
    if "training" not in signature.parameters:
        yield  # a class of somebody's that knows no mode
        return
    attributes = vars(layer)  # past Keras' attribute tracking
    inner: Callable[..., Any] = layer.call

    @tf.autograph.experimental.do_not_convert
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = signature.bind_partial(self, *args, **kwargs)
        bound.arguments["training"] = False
        if given is None:
            return inner(*bound.args[1:], **bound.kwargs)
        noted, index, held, by_batch = given
        inputs = given_inputs(self, args, kwargs)
        moments = moments_of(self, inputs, given_mask(args, kwargs))
        _refuse_other_graph(self, held, moments)
        noted.moments.setdefault(index, []).append(moments)
        entered = tf.stack([moments[1], tf.math.divide_no_nan(moments[2], moments[0])])
        taken = tf.where(by_batch, entered, held)
        own = attributes["moving_mean"], attributes["moving_variance"]
        try:
            for name, variable, value in zip(_STATISTICS, own, tf.unstack(taken), strict=True):
                attributes[name] = tf.cast(tf.reshape(value, variable.shape), variable.dtype)
            outputs = inner(*bound.args[1:], **bound.kwargs)
        finally:
            attributes["moving_mean"], attributes["moving_variance"] = own
        noted.calls.append((index, inputs, outputs))
        return outputs

    with replaced_call(layer, call):
        yield


_STATISTICS: Final = ("moving_mean", "moving_variance")


def _refuse_other_graph(layer: Any, held: tf.Tensor, moments: tf.Tensor) -> None:
    """Raise where a layer runs within a function of the model's own: it would keep this trace."""
    here, there = getattr(held, "graph", None), getattr(moments, "graph", None)
    if here is not there:
        raise RuntimeError(
            f"the layer {layer.name!r} runs within a tf.function of the model's own, from which"
            " its inputs cannot be read: tf.config.run_functions_eagerly(True) before, and"
            " (False) after"
        )


def _any_rows(value: Any) -> Any:
    spec = tf.type_spec_from_value(value)
    if isinstance(spec, tf.TensorSpec) and spec.shape.rank:
        return tf.TensorSpec([None, *spec.shape[1:]], spec.dtype)
    return spec
