"""Training under ParameterServerStrategy, all in one process. Arguments: who trains, a folder.

`fit`: Keras' own loop, with the callback; `loop`: a coordinator's, with `watch`. Prints what is
told, as JSON.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import warnings
from contextlib import ExitStack
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf

import tb_bnplugin

keras = tf.keras

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")


def start_cluster() -> tuple[Any, list[Any]]:
    """A worker and a parameter server in this process, on free ports of the loopback."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        worker, server = (f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    spec = tf.train.ClusterSpec({"worker": [worker], "ps": [server]})
    servers = [
        tf.distribute.Server(spec, job_name=job, task_index=0, protocol="grpc", start=True)
        for job in ("worker", "ps")
    ]
    return tf.distribute.cluster_resolver.SimpleClusterResolver(spec, rpc_layer="grpc"), servers


def create() -> Any:
    """A model with one batch normalization."""
    norm = keras.layers.BatchNormalization(momentum=0.5)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4), norm, keras.layers.Dense(1)])


def fit(strategy: Any, folder: str) -> dict[str, Any]:
    """Keras' own loop."""
    with strategy.scope():
        model = create()
        model.compile(keras.optimizers.SGD(0.01), "mse")
    callback = tb_bnplugin.BatchNormCallback(folder)
    data = tf.data.Dataset.from_tensor_slices((X, X[:, :1])).batch(16).repeat()
    before = [np.asarray(weight) for weight in model.get_weights()]
    model.fit(data, epochs=2, steps_per_epoch=4, verbose=0, callbacks=[callback])
    after = model.get_weights()
    return {
        "trained": not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)),
        "outcomes": [[each.code, each.status, each.message] for each in callback.outcomes()],
    }


def loop(strategy: Any, folder: str) -> dict[str, Any]:
    """A loop of a coordinator."""
    with strategy.scope():
        model = create()
        optimizer = keras.optimizers.SGD(0.01)
        optimizer.build(model.trainable_variables)
    refused = []
    for ask in (
        lambda: tb_bnplugin.watch(model),
        lambda: tb_bnplugin.summary.batch_norm(model, step=1),
    ):
        try:
            with tf.summary.create_file_writer(folder).as_default():
                ask()
        except tb_bnplugin.BatchNormError as error:
            refused.append([type(error).__name__, str(error)])
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)

    def replica_step() -> Any:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(X, training=True) - X[:, :1]))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    @tf.function
    def train_step() -> Any:
        return strategy.run(replica_step)

    losses = [coordinator.schedule(train_step) for _ in range(4)]
    coordinator.join()
    return {"losses": [float(loss.fetch()) for loss in losses], "refused": refused}


def main(who: str, folder: str) -> None:
    """Trains; the servers end with the process."""
    resolver, servers = start_cluster()
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        result = (fit if who == "fit" else loop)(strategy, folder)
    result["warnings"] = [str(each.message) for each in told if "tb_bnplugin" in str(each.message)]
    print("RESULT", json.dumps(result), flush=True)
    del servers
    os._exit(0)  # a server of the process is never joined


if __name__ == "__main__":
    main(*sys.argv[1:])
