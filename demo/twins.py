"""D4: a sequential network and its functional twin, and what `training` does in either.

Nobody has to hand `training` on: from the same weights the two learn the same. Around them stand
the other things that the account asks about: `trainable` switched after `compile`, the regularizer
that a loop of one's own leaves out, and the equations of batch normalization.
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

EPOCHS = 4
BATCH = 32
Row = dict[str, str]
Tell = Callable[[str], None]


def layers() -> list[Any]:
    """The layers of the account, for images of 8 x 8."""
    return [
        keras.layers.Conv2D(
            32, 3, activation="relu", kernel_regularizer=keras.regularizers.l2(0.02)
        ),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.1, seed=1),
        keras.layers.Dense(64, activation="relu"),
        # 45 steps an epoch: with the default momentum of 0.99 validation would lag behind
        keras.layers.BatchNormalization(momentum=0.9),
        keras.layers.Dense(10, activation="softmax"),
    ]


def sequential() -> Any:
    """The network as a list of layers."""
    return keras.Sequential([keras.Input((8, 8, 1)), *layers()], name="network")


def functional() -> Any:
    """The same network, each layer called on the output of the one before."""
    inputs = keras.Input((8, 8, 1), name="input_image")
    hidden = inputs
    for layer in layers():
        hidden = layer(hidden)
    return keras.Model(inputs, hidden, name="network")


def nested() -> Any:
    """The same with all layers but the last in a model of their own, to be frozen together."""
    *features, classify = layers()
    base = keras.Sequential([keras.Input((8, 8, 1)), *features], name="base")
    return keras.Sequential([keras.Input((8, 8, 1)), base, classify], name="network")


def callbacks(log_dir: Path) -> list[Any]:
    """TensorBoard's callback, and ours that writes beside it."""
    tensorboard = keras.callbacks.TensorBoard(str(log_dir), update_freq="batch")
    return [tensorboard, tb_bnplugin.BatchNormCallback(tensorboard)]


def compile_model(model: Any) -> None:
    """Optimizer, loss and metric of the account."""
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])


def twin(make: Callable[[], Any], weights: Any, data: Digits, log_dir: Path) -> Row:
    """`fit` and `evaluate` from the given weights, with the same seed for order and dropout."""
    model = make()
    model.set_weights(weights)
    compile_model(model)
    model.fit(
        data.x[..., None],
        data.y,
        batch_size=BATCH,
        epochs=EPOCHS,
        callbacks=callbacks(log_dir),
        verbose=0,
    )
    loss, accuracy = model.evaluate(data.x_val[..., None], data.y_val, verbose=0)
    norm = batch_norm_of(model)
    return {
        "loss": f"{loss:.4f}",
        "accuracy": f"{accuracy:.4f}",
        "moving mean": f"{np.mean(norm.moving_mean):.6f}",
        "moving variance": f"{np.mean(norm.moving_variance):.6f}",
    }


def switched(data: Digits, log_dir: Path, *, compile_again: bool) -> Row:
    """`base.trainable = False` between two stretches of training, with and without `compile`."""
    model = nested()
    base = model.layers[0]
    fit = {"batch_size": BATCH, "epochs": 2, "callbacks": callbacks(log_dir), "verbose": 0}
    compile_model(model)
    model.fit(data.x[..., None], data.y, **fit)
    base.trainable = False  # goes down to every layer within
    if compile_again:
        compile_model(model)
    norm = batch_norm_of(base)
    kernel, mean = np.array(base.layers[0].kernel), np.array(norm.moving_mean)
    model.fit(data.x[..., None], data.y, **fit)
    return {
        "bn.trainable": str(norm.trainable),
        "kernel moved by": f"{np.abs(kernel - np.array(base.layers[0].kernel)).max():.6f}",
        "moving mean moved by": f"{np.abs(mean - np.array(norm.moving_mean)).max():.6f}",
    }


def loop(data: Digits, log_dir: Path, *, regularized: bool) -> Row:
    """A training loop of one's own, with the l2 term of the convolution and without."""
    model = sequential()
    loss_fn = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam()
    batches = tf.data.Dataset.from_tensor_slices((data.x[..., None], data.y))
    batches = batches.shuffle(2000, seed=0).batch(BATCH, drop_remainder=True)

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            loss = loss_fn(y, predictions)
            if regularized:
                loss += tf.add_n(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, predictions

    watch = tb_bnplugin.watch(model)
    step = 0
    with tf.summary.create_file_writer(str(log_dir)).as_default():
        for _ in range(EPOCHS):
            for x, y in batches:
                step += 1
                loss, predictions = train_step(x, y)
                tf.summary.scalar("loss", loss, step=step)
                tb_bnplugin.summary.batch_norm(model, step=step)
            tb_bnplugin.summary.loss_reduction(loss_fn, y, predictions, value=loss, step=step)
    watch.close()
    return {
        "loss": f"{float(loss):.4f}",
        "l2 in the loss": f"{float(loss) - float(loss_fn(y, predictions)):.4f}",
        "l2 in model.losses": f"{float(tf.add_n(model.losses)):.4f}",
        "largest kernel weight": f"{np.abs(np.array(model.layers[0].kernel)).max():.4f}",
    }


def batch_norm_of(model: Any) -> Any:
    """The one batch normalization layer of a flat model."""
    (norm,) = (
        layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
    )
    return norm


def equations(data: Digits) -> dict[str, Row]:
    """What a layer computes in four steps, beside the account's equations in numpy.

    The account, and the documentation that it quotes, divide by the variance plus epsilon; the
    layer divides by the square root of that.
    """
    norm = keras.layers.BatchNormalization(momentum=0.9)
    norm.build((None, 64))
    mean, variance = np.zeros(64), np.ones(64)
    rows: dict[str, Row] = {}
    for step in range(1, 5):
        x = data.x[BATCH * (step - 1) : BATCH * step].reshape(BATCH, 64)
        out = np.array(norm(x, training=True))
        mean = mean * 0.9 + x.mean(0) * (1 - 0.9)
        variance = variance * 0.9 + x.var(0) * (1 - 0.9)
        rows[f"training, step {step}"] = {
            "moving mean": _apart(norm.moving_mean, mean),
            "moving variance": _apart(norm.moving_variance, variance),
            "output": _apart(out, (x - x.mean(0)) / np.sqrt(x.var(0) + norm.epsilon)),
            "output, no root": _apart(out, (x - x.mean(0)) / (x.var(0) + norm.epsilon)),
        }
    out = np.array(norm(x, training=False))
    rows["inference"] = {
        "moving mean": _apart(norm.moving_mean, mean),
        "moving variance": _apart(norm.moving_variance, variance),
        "output": _apart(out, (x - mean) / np.sqrt(variance + norm.epsilon)),
        "output, no root": _apart(out, (x - mean) / (variance + norm.epsilon)),
    }
    return rows


def _apart(kept: Any, computed: Any) -> str:
    """The largest difference between Keras' values and numpy's."""
    return f"{np.abs(np.array(kept) - computed).max():.1e}"


def run(log_dir: Path, tell: Tell) -> dict[str, dict[str, Row]]:
    """All programs; returns a table for each of the account's questions."""
    data = digits()
    keras.utils.set_random_seed(1)
    weights = sequential().get_weights()
    questions: dict[str, dict[str, Callable[[Path], Row]]] = {
        "Does the functional twin need `training`?": {
            "1_sequential": lambda to: twin(sequential, weights, data, to),
            "2_functional": lambda to: twin(functional, weights, data, to),
        },
        "What moved after `base.trainable = False`?": {
            "3_switched_after_compile": lambda to: switched(data, to, compile_again=False),
            "4_compiled_again": lambda to: switched(data, to, compile_again=True),
        },
        "Is the l2 term in the loss?": {
            "5_loop_without_losses": lambda to: loop(data, to, regularized=False),
            "6_loop_with_losses": lambda to: loop(data, to, regularized=True),
        },
    }
    tables: dict[str, dict[str, Row]] = {}
    for question, programs in questions.items():
        tables[question] = {}
        for name, program in programs.items():
            tell(f"{name.replace('_', ' of 6: ', 1)}")
            keras.backend.clear_session()  # programs of their own: layers are named from the start
            keras.utils.set_random_seed(1)
            tables[question][name] = program(log_dir / name)
    tables["The equations: largest difference between Keras and numpy"] = equations(data)
    return tables
