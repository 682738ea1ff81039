"""One worker of a job: a loop under MultiWorkerMirroredStrategy. Arguments: folder, who records.

The address of each worker stands in TF_CONFIG. `chief`: only the first records; `all`: each does;
`die`: as `all`, and the last worker is killed in the middle.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import tensorflow as tf

import tb_bnplugin

if os.environ.get("TF_USE_LEGACY_KERAS") == "1":
    import tf_keras as keras
else:
    import keras

STEPS, KILLED_AT = 12, 6


def main(folder: str, who: str) -> None:
    """Trains, and prints the statistics of the layer at the end."""
    config = json.loads(os.environ["TF_CONFIG"])
    index, workers = int(config["task"]["index"]), len(config["cluster"]["worker"])
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        norm = keras.layers.BatchNormalization(momentum=0.5, name="bn")
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(4), norm, keras.layers.Dense(1)]
        )
        optimizer = keras.optimizers.SGD(0.01)
        optimizer.build(model.trainable_variables)

    @tf.function
    def train_step(x: tf.Tensor) -> None:
        def replica_step(x: tf.Tensor) -> None:
            with tf.GradientTape() as tape:
                loss = tf.nn.compute_average_loss(tf.square(model(x, training=True)[:, 0]))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))

        strategy.run(replica_step, args=(x,))

    records = who != "chief" or index == 0
    watch = tb_bnplugin.watch(model, on_finding="ignore") if records else None
    writer = (
        tf.summary.create_file_writer(str(Path(folder) / f"worker_{index}"), flush_millis=100)
        if records
        else tf.summary.create_noop_writer()
    )
    random = np.random.default_rng(index)
    with writer.as_default():
        for step in range(1, STEPS + 1):
            train_step(tf.constant(random.normal(3.0 * index, 1.0, (8, 4)), tf.float32))
            if records:
                tb_bnplugin.summary.batch_norm(model, step=step)
                writer.flush()
            if who == "die" and index == workers - 1 and step == KILLED_AT:
                os.kill(os.getpid(), signal.SIGKILL)
    if watch is not None:
        watch.close()
    print("done", index, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
