"""D3: one dense network, one learning rate, and a tenfold difference in the step.

The loop sums the squared error over ten outputs and divides by 32; Keras' "mse" averages over
the outputs too. Same data, same optimizer: the accuracies differ for no reason that shows.

What a `train_step` of one's own shows as "loss" is another thing again under Keras 3, where it is
the metric of that name, whatever `train_step` returns: the mean of the predictions where
`compiled_metrics` is updated, and 0 where nothing updates it.
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

EPOCHS = 10
LEARNING_RATE = 0.01
Row = dict[str, float]
Tell = Callable[[str], None]


def dense_layers() -> list[Any]:
    """The network of all programs."""
    return [
        keras.layers.Flatten(),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(128, activation="relu"),
        keras.layers.Dense(10),
    ]


def my_mse(y_true: Any, y_pred: Any) -> Any:
    """The squared error, summed over outputs and batch, divided by the usual batch size."""
    return tf.reduce_sum(tf.square(y_true - y_pred)) / 32.0


def loop(data: Digits, log_dir: Path, batch: int = 32) -> Row:
    """A gradient tape with the sum over everything, divided by 32."""
    model = keras.Sequential(dense_layers())
    model.build((None, 8, 8))
    optimizer = keras.optimizers.SGD(LEARNING_RATE)
    batches = tf.data.Dataset.from_tensor_slices((data.x, tf.one_hot(data.y, 10)))
    batches = batches.shuffle(2000, seed=0).batch(batch, drop_remainder=True)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            out = model(x, training=True)
            loss = my_mse(y, out)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, out

    watch = tb_bnplugin.watch(model)
    step = 0
    with tf.summary.create_file_writer(str(log_dir)).as_default():
        for _ in range(EPOCHS):
            for x, y in batches:
                step += 1
                loss, out = train_step(x, y)
                tf.summary.scalar("loss", loss, step=step)
            tb_bnplugin.summary.batch_norm(model, step=step)
            tb_bnplugin.summary.loss_reduction(my_mse, y, out, value=loss, step=step)
    watch.close()
    return {"loss": float(loss), "accuracy": accuracy(model, data)}


def fit(
    data: Digits,
    log_dir: Path,
    loss: Any,
    learning_rate: float = LEARNING_RATE,
    model_class: Any = None,
) -> Row:
    """`compile` and `fit` with a loss by name, or one's own."""
    model = (model_class or keras.Sequential)(dense_layers())
    model.compile(keras.optimizers.SGD(learning_rate), loss=loss, metrics=["accuracy"])
    y = np.eye(10, dtype=np.float32)[data.y]
    model.build((None, 8, 8))
    tensorboard = keras.callbacks.TensorBoard(str(log_dir), update_freq="batch")
    batch_norm = tb_bnplugin.BatchNormCallback(tensorboard, probe_data=(data.x[:32], y[:32]))
    history = model.fit(
        data.x,
        y,
        batch_size=32,
        epochs=EPOCHS,
        callbacks=[tensorboard, batch_norm],
        verbose=0,
    )
    return {"loss": float(history.history["loss"][-1]), "accuracy": accuracy(model, data)}


class MyTrainStep(keras.Sequential):  # type: ignore[name-defined]  # Keras is untyped
    """A model with a `train_step` of its own, which takes the loss given to `compile`."""

    def train_step(self, batch: Any) -> dict[str, Any]:
        """One step, as in the guide on customizing `fit`."""
        x, y = batch
        with tf.GradientTape() as tape:
            out = self(x, training=True)
            loss = self.compiled_loss(y, out)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.compiled_metrics.update_state(y, out)
        return {metric.name: metric.result() for metric in self.metrics}


class LossReturned(keras.Sequential):  # type: ignore[name-defined]  # Keras is untyped
    """A model whose `train_step` computes a loss of its own, and returns it to be shown."""

    def train_step(self, batch: Any) -> dict[str, Any]:
        """The same step; `compile` has no part in the loss."""
        x, y = batch
        with tf.GradientTape() as tape:
            out = self(x, training=True)
            loss = my_mse(y, out)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {**self.compute_metrics(x, y, out, sample_weight=None), "loss": loss}


def accuracy(model: Any, data: Digits) -> float:
    """Share of the validation digits that the model gets right."""
    guesses = np.argmax(model.predict(data.x_val, verbose=0), axis=1)
    return float(np.mean(guesses == data.y_val))


def run(log_dir: Path, tell: Tell) -> dict[str, Row]:
    """All programs; returns loss and accuracy of each, by the name of its run."""
    data = digits()
    programs: dict[str, Callable[[Path], Row]] = {
        "1_tape_sum_over_32": lambda to: loop(data, to),
        "2_fit_mse": lambda to: fit(data, to, "mse"),
        "3_fit_own_loss": lambda to: fit(data, to, my_mse),
        "4_fit_mse_learning_rate_x10": lambda to: fit(data, to, "mse", 10 * LEARNING_RATE),
        "5_own_train_step": lambda to: fit(data, to, my_mse, model_class=MyTrainStep),
        "6_tape_sum_over_32_batch_64": lambda to: loop(data, to, batch=64),
        "7_loss_returned": lambda to: fit(data, to, my_mse, model_class=LossReturned),
    }
    rows = {}
    for number, (name, program) in enumerate(programs.items(), 1):
        keras.utils.set_random_seed(1)
        rows[name] = program(log_dir / name)
        tell(f"{number} of {len(programs)}: {name}  accuracy {rows[name]['accuracy']:.3f}")
    return rows
