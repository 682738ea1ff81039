"""A program of its own: the state after 12 steps, watched at every step or not, as bytes.

Deterministic operations can be asked for only once in a process, hence a program. It prints one
object: for each way to train whether a watched run equals an unwatched one, or that two unwatched
ones are not equal either.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
import tensorflow as tf

import tb_bnplugin

STEPS = 12

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(STEPS * 8, 6, 6, 2)).astype("float32")
Y = RANDOM.normal(size=(STEPS * 8, 1)).astype("float32")


def create_model(keras: Any, *, dropout: bool) -> Any:
    """Convolution, batch normalization, dropout, a nested part."""
    layers = keras.layers
    inputs = keras.Input((6, 6, 2))
    inner = keras.Sequential(
        [keras.Input((6, 6, 4)), layers.BatchNormalization(), layers.Conv2D(4, 3)]
    )
    x = inner(layers.Conv2D(4, 3, padding="same")(inputs))
    x = layers.BatchNormalization()(x)
    if dropout:
        x = layers.Dropout(0.3, seed=7)(x)
    return keras.Model(inputs, layers.Dense(1)(layers.GlobalAveragePooling2D()(x)))


def digest(model: Any, optimizer: Any, logged: Any) -> str:
    """All variables: weights, statistics, optimizer slots, seeds; and what was logged."""
    total = hashlib.sha256(repr(logged).encode())
    slots = optimizer.variables
    for variable in [*model.variables, *(slots() if callable(slots) else slots)]:
        held = getattr(variable, "value", None)
        held = held if isinstance(held, tf.Variable) else variable  # Keras 3 wraps TensorFlow's
        for copy in getattr(held, "values", [held]):
            total.update(np.asarray(tf.convert_to_tensor(copy)).tobytes())
    # The global sequence of random numbers is as far along as without us.
    total.update(np.asarray(tf.random.uniform((4,))).tobytes())
    return total.hexdigest()


def train_by_fit(keras: Any, folder: str | None, **compiling: Any) -> str:
    """12 steps of `fit`, with validation, recorded at every step and probed."""
    callbacks = []
    if folder is not None:
        callback = tb_bnplugin.BatchNormCallback(
            folder, update_freq="batch", channel_freq=1, probe_data=(X[:8], Y[:8]), probe_freq=5
        )
        callbacks.append(callback)
    with tf.distribute.get_strategy().scope():
        # XLA draws other random numbers each time, watched or not.
        model = create_model(keras, dropout=not compiling["jit_compile"])
        model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", **compiling)
    history = model.fit(
        X, Y, batch_size=8, shuffle=False, verbose=0, callbacks=callbacks,
        validation_data=(X[:16], Y[:16]),
    )  # fmt: skip
    if folder is not None:
        assert callback._fit is not None
        check(callback._fit.recorder, callback.outcomes())
    return digest(model, model.optimizer, sorted(history.history.items()))


def train_on_replicas(keras: Any, folder: str | None) -> str:
    """The same on two replicas."""
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        return train_by_fit(keras, folder, jit_compile=False)


def train_by_loop(keras: Any, folder: str | None) -> str:
    """12 steps of a traced loop that records within the trace."""
    model, optimizer = create_model(keras, dropout=True), keras.optimizers.Adam(0.01)
    if folder is not None:
        watch = tb_bnplugin.watch(model)
        writer = tf.summary.create_file_writer(folder)

    @tf.function
    def step(x: Any, y: Any, at: Any) -> Any:
        with tf.GradientTape() as tape:
            predicted = model(x, training=True)
            loss = tf.reduce_mean(tf.square(predicted - y))
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        if folder is not None:
            with writer.as_default():
                tb_bnplugin.summary.loss_reduction("mse", y, predicted, value=loss, step=at)
                tb_bnplugin.summary.batch_norm(model, step=at)
        return loss

    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).enumerate(1)
    losses = [float(step(x, y, at)) for at, (x, y) in batches]
    if folder is not None:
        check(watch._recorder, watch.outcomes())
    return digest(model, optimizer, losses)


def check(watch: Any, outcomes: Any) -> None:
    """That the watched run was watched."""
    assert watch.last_step == STEPS
    assert any(outcome.status == "ok" for outcome in outcomes)


WAYS: dict[str, Callable[[Any, str | None], str]] = {
    "jit": functools.partial(train_by_fit, jit_compile=True),
    "eager": functools.partial(train_by_fit, run_eagerly=True, jit_compile=False),
    "graph": functools.partial(train_by_fit, jit_compile=False),
    "mirrored": train_on_replicas,
    "loop": train_by_loop,
}


def run(keras: Any, way: str, *, watched: bool) -> str:
    """The digest of one training from the same seeds."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    if not watched:
        return WAYS[way](keras, None)
    with tempfile.TemporaryDirectory() as folder:
        return WAYS[way](keras, folder)


def main() -> None:
    """Prints one JSON object: {way: equal}."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    one = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(cpu, [one, one])
    warnings.simplefilter("error")
    # tf_keras 2.16 draws the number of a backend's seed between 1 and 1e9, a float.
    warnings.filterwarnings("ignore", "non-integer arguments to randrange")
    keras = importlib.import_module(sys.argv[1])
    equal: dict[str, bool | str] = {}
    for way in WAYS:
        if way != "jit":  # Keras 3 refuses XLA while deterministic operations are asked for
            tf.config.experimental.enable_op_determinism()
        unwatched = run(keras, way, watched=False)
        equal[way] = unwatched == run(keras, way, watched=True)
        if not equal[way] and unwatched != run(keras, way, watched=False):
            equal[way] = "differs from run to run"
    print(json.dumps(equal))


if __name__ == "__main__":
    main()
