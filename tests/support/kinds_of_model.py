"""A program of its own: ten kinds of model, trained with and without tb_bnplugin, as bytes.

It records, probes and measures the gradient at every step. For each kind and each way to train it
prints whether the state is equal in the end, or the error of a kind that does not run that way
without tb_bnplugin either.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

import tb_bnplugin
from tests.support.transparency import digest

STEPS, ROWS = 4, 8
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(3.0, 2.0, (STEPS * ROWS, 6)).astype("float32")
Y = RANDOM.normal(size=(STEPS * ROWS, 1)).astype("float32")
WAYS = {
    "jit": {"jit_compile": True},
    "eager": {"jit_compile": False, "run_eagerly": True},
    "graph": {"jit_compile": False},
}


def hidden(keras: Any, x: Any, *more: Any) -> Any:
    """A dense layer, batch normalization, and what is given."""
    x = keras.layers.BatchNormalization()(keras.layers.Dense(8)(x))
    for layer in more:
        x = layer(x)
    return x


def functional(keras: Any, *more: Any, blocks: int = 1, outputs: int = 1, cls: Any = None) -> Any:
    """Such blocks, each of which XLA compiles for a second."""
    inputs = keras.Input((6,))
    x = hidden(keras, inputs, *more)
    for _ in range(blocks - 1):
        x = hidden(keras, x)
    heads = [keras.layers.Dense(1, name=f"head_{at}")(x) for at in range(outputs)]
    return (cls or keras.Model)(inputs, heads[0] if outputs == 1 else heads)


def nested(keras: Any) -> Any:
    """A model within a model."""
    inputs = keras.Input((6,))
    return keras.Model(inputs, keras.layers.Dense(1)(functional(keras)(inputs)))


def subclassed(keras: Any) -> Any:
    """A model whose `call` is the program's."""

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.bn = keras.layers.BatchNormalization()
            self.head = keras.layers.Dense(1)

        def call(self, x: Any, training: Any = None) -> Any:
            return self.head(self.bn(x, training=training))

    return Net()


def own_step(keras: Any, loss_of: Callable[[Any, Any, Any], Any]) -> Any:
    """A class whose `train_step` differentiates what is given."""

    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data[:2]
            with tf.GradientTape() as tape:
                loss = loss_of(self, x, y)
            gradients = tape.gradient(loss, self.trainable_variables)
            pairs = zip(gradients, self.trainable_variables, strict=True)
            self.optimizer.apply_gradients(pairs)
            return {"loss": loss}

        def test_step(self, data: Any) -> Any:
            return {"loss": loss_of(self, *data[:2])}

    return Own


def without_call(keras: Any) -> Any:
    """An own `train_step` of a model that holds another and has no `call`."""

    def loss_of(model: Any, x: Any, y: Any) -> Any:
        return tf.reduce_mean(tf.square(model.inner(x, training=True) - y))

    class Holder(own_step(keras, loss_of)):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = functional(keras)

    model = Holder()
    model.built = True
    return model


def several_outputs(keras: Any) -> Any:
    """Two outputs, each with a loss."""
    return functional(keras, outputs=2)


def mixed_precision(keras: Any) -> Any:
    """Computed in bfloat16."""
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        return functional(keras)
    finally:
        keras.mixed_precision.set_global_policy("float32")


def plain(keras: Any) -> Any:
    """Two blocks; for what is another in the optimizer or the strategy."""
    return functional(keras, blocks=2)


def dropout(keras: Any) -> Any:
    """Dropout with a seed."""
    return functional(keras, keras.layers.Dropout(0.3, seed=7))


def gradient_penalty(keras: Any) -> Any:
    """A tape within the tape."""

    def loss_of(model: Any, x: Any, y: Any) -> Any:
        with tf.GradientTape() as inner:
            inner.watch(x)
            predicted = model(x, training=True)
        slope = inner.gradient(predicted, x)
        return tf.reduce_mean(tf.square(predicted - y)) + 0.1 * tf.reduce_mean(tf.square(slope))

    return functional(keras, cls=own_step(keras, loss_of))


def recomputed(keras: Any) -> Any:
    """A part that is computed again on the way back."""

    class Block(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(8, activation="tanh")

        def build(self, shape: Any) -> None:
            self.dense.build(shape)
            self.built = True

        def call(self, x: Any) -> Any:
            kernel, bias = (tf.convert_to_tensor(part) for part in self.dense.weights)

            @tf.recompute_grad
            def block(x: Any, kernel: Any, bias: Any) -> Any:
                return tf.tanh(tf.matmul(x, kernel) + bias)

            return block(x, kernel, bias)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    return functional(keras, Block())


KINDS: dict[str, Callable[[Any], Any]] = {
    "nested": nested,
    "subclassed": subclassed,
    "own train_step without call": without_call,
    "several outputs": several_outputs,
    "mixed precision": mixed_precision,
    "mirrored": plain,
    "slots and average": plain,
    "seeded dropout": dropout,
    "gradient penalty": gradient_penalty,
    "recompute_grad": recomputed,
}


@functools.cache
def two_replicas() -> Any:
    """One strategy for all: each numbers its collective operations from the same start."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def train(keras: Any, kind: str, way: str, folder: str | None) -> str:
    """The digest of one training from the same seeds."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    averaged = kind == "slots and average"
    replicas = two_replicas() if kind == "mirrored" else None
    with (replicas or tf.distribute.get_strategy()).scope():
        model = KINDS[kind](keras)
        optimizer = keras.optimizers.Adam(0.01, use_ema=averaged)
        model.compile(optimizer=optimizer, loss="mse", **WAYS[way])
    y: Any = [Y, Y] if kind == "several outputs" else Y
    held: Any = [Y[:ROWS]] * 2 if kind == "several outputs" else Y[:ROWS]
    callbacks = []
    if folder is not None:
        callback = tb_bnplugin.BatchNormCallback(
            folder, update_freq="batch", probe_data=(X[:ROWS], held), probe_freq=1
        )
        callbacks.append(callback)
    logged = model.fit(X, y, batch_size=ROWS, shuffle=False, verbose=0, callbacks=callbacks)
    if folder is not None:
        assert callback._fit is not None
        assert callback._fit.recorder.last_step == STEPS
    return digest(model, model.optimizer, sorted(logged.history.items()))


def compare(keras: Any, kind: str, way: str) -> bool | str:
    """True: equal in every bit; False: not; a text: not known, without tb_bnplugin either."""
    try:
        unwatched = train(keras, kind, way, None)
    except Exception as error:  # noqa: BLE001  # Keras itself does not do this
        return type(error).__name__
    with tempfile.TemporaryDirectory() as folder:
        if unwatched == train(keras, kind, way, folder):
            return True
    again = train(keras, kind, way, None)
    return False if again == unwatched else "differs from run to run"


def main() -> None:
    """Prints one JSON object: {kind: {way: equal}}."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    warnings.simplefilter("ignore")
    keras = importlib.import_module(sys.argv[1])
    equal: dict[str, dict[str, bool | str]] = {kind: {} for kind in KINDS}
    for way in WAYS:
        if way != "jit":  # Keras 3 refuses XLA while deterministic operations are asked for
            tf.config.experimental.enable_op_determinism()
        for kind in KINDS:
            equal[kind][way] = compare(keras, kind, way)
    print(json.dumps(equal))


if __name__ == "__main__":
    main()
