"""D6: the loop of D5 on two replicas, and a pipeline that gives each replica a camera of its own.

The optimizer sums the gradients of the replicas. A loss must therefore be divided by the rows of
all of them, once: undivided, the step is twice as large, and half as large when divided twice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import tb_bnplugin
from demo.data import Digits, digits

keras = tf.keras

BATCH = 32  # of all replicas
EPOCHS = 2  # of the loops
Row = dict[str, str]
Tell = Callable[[str], None]
Reduce = Callable[[Any], Any]


def divide_processor() -> None:
    """Makes two devices of the processor. Only before the first operation runs."""
    (processor,) = tf.config.list_physical_devices("CPU")
    half = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(processor, [half, half])


def make_network() -> Any:
    """Two convolutions with batch normalization, and a classifier."""
    layers: list[Any] = [keras.Input((8, 8, 1))]
    for filters in (16, 32):
        layers += [
            keras.layers.Conv2D(filters, 3, padding="same", use_bias=False),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.ReLU(),
        ]
    return keras.Sequential(
        [*layers, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
    )


def loop(strategy: Any, reduce_rows: Reduce, data: Digits, log_dir: Path) -> Row:
    """The tutorial's loop under the strategy; `reduce_rows` makes the loss of a replica's rows."""
    with strategy.scope():
        model = make_network()
        optimizer = keras.optimizers.SGD(0.05)
        optimizer.build(model.trainable_variables)
    batches = tf.data.Dataset.from_tensor_slices((data.x[..., None], data.y))
    batches = batches.shuffle(2000, seed=0).batch(BATCH, drop_remainder=True)

    def loss_of(y: Any, logits: Any) -> Any:
        return reduce_rows(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))

    def replica_step(x: Any, y: Any, step: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = loss_of(y, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        tb_bnplugin.summary.loss_reduction(loss_of, y, logits, value=loss, step=step)
        rows = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        return loss, tf.reduce_mean(rows)

    @tf.function
    def train_step(x: Any, y: Any, step: Any) -> Any:
        losses, means = strategy.run(replica_step, args=(x, y, step))
        # what the summed gradients are of, and the mean over the rows of all replicas
        total = strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        return total, strategy.reduce(tf.distribute.ReduceOp.MEAN, means, axis=None)

    watch, step = tb_bnplugin.watch(model, optimizer=optimizer), 0
    with tf.summary.create_file_writer(str(log_dir)).as_default():
        for _ in range(EPOCHS):
            for x, y in strategy.experimental_distribute_dataset(batches):
                step += 1
                total, mean = train_step(x, y, tf.constant(step, tf.int64))
                tf.summary.scalar("loss", total, step=step)
                tb_bnplugin.summary.batch_norm(model, step=step)
    with watch.evaluating():
        right = accuracy(model, data.x_val[..., None], data.y_val)
    watch.close()
    return {
        "differentiated": f"{float(total):.4f}",
        "mean of all rows": f"{float(mean):.4f}",
        "factor": f"{float(total / mean):.2f}",
        "test": f"{right:.3f}",
    }


def fit(strategy: Any, data: Digits, log_dir: Path, *, shuffle: bool) -> Row:
    """`fit` on images of two cameras, one of which is four times as bright as the other.

    They come in turn, so that each half of a batch, and each replica, has one of them, unless they
    are shuffled.
    """
    x, y = two_cameras(data.x, data.y)
    x_val, y_val = two_cameras(data.x_val, data.y_val)
    batches = tf.data.Dataset.from_tensor_slices((x, y))
    if shuffle:
        batches = batches.shuffle(len(x), seed=0)
    with strategy.scope():
        model = make_network()
        model.compile(
            keras.optimizers.Adam(1e-2),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
    tensorboard = keras.callbacks.TensorBoard(str(log_dir), update_freq="batch")
    history = model.fit(
        batches.batch(BATCH, drop_remainder=True),
        epochs=2 * EPOCHS,
        validation_data=tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(BATCH),
        callbacks=[tensorboard, tb_bnplugin.BatchNormCallback(tensorboard)],
        verbose=0,
    )
    path = log_dir / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    bright = np.arange(len(x_val)) % BATCH < BATCH // 2
    return {
        "in fit": f"{history.history['val_accuracy'][-1]:.3f}",
        "saved, loaded": f"{accuracy(loaded, x_val, y_val):.3f}",
        "bright alone": f"{accuracy(loaded, x_val[bright], y_val[bright]):.3f}",
        "dark alone": f"{accuracy(loaded, x_val[~bright], y_val[~bright]):.3f}",
    }


def two_cameras(x: Any, y: Any) -> tuple[Any, Any]:
    """The images, the first half of each batch as the bright camera sees them; whole batches."""
    rows = len(x) // BATCH * BATCH
    bright = np.arange(rows) % BATCH < BATCH // 2
    scale = np.where(bright, 4.0, 1.0).astype(np.float32)
    return x[:rows, ..., None] * scale[:, None, None, None], y[:rows]


def accuracy(model: Any, x: Any, y: Any) -> float:
    """Share of the digits that the model gets right in inference mode."""
    return float(np.mean(np.argmax(model(x, training=False), axis=1) == y))


def run(log_dir: Path, tell: Tell) -> dict[str, dict[str, Row]]:
    """All programs; returns a table for each question."""
    data = digits()
    # One strategy: TensorFlow takes the collective operations of a second for those of the first.
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    replicas = strategy.num_replicas_in_sync

    def average(rows: Any) -> Any:
        return tf.nn.compute_average_loss(rows)

    losses: dict[str, Reduce] = {
        "1_divided_once": average,
        "2_not_divided": tf.reduce_mean,
        "3_divided_twice": lambda rows: average(rows) / replicas,
    }
    programs: dict[str, Callable[[Path], Row]] = {
        name: lambda to, reduce_rows=reduce_rows: loop(strategy, reduce_rows, data, to)  # type: ignore[misc]
        for name, reduce_rows in losses.items()
    }
    programs["4_each_replica_its_camera"] = lambda to: fit(strategy, data, to, shuffle=False)
    programs["5_shuffled"] = lambda to: fit(strategy, data, to, shuffle=True)
    rows = {}
    for number, (name, program) in enumerate(programs.items(), 1):
        tell(f"{number} of {len(programs)}: {name}")
        keras.backend.clear_session()  # a program of its own: layers are named from the start
        keras.utils.set_random_seed(1)
        rows[name] = program(log_dir / name)
    return {
        "How large is the step?": {name: rows[name] for name in losses},
        "Which replica's statistics are saved?": {
            name: row for name, row in rows.items() if name not in losses
        },
    }
