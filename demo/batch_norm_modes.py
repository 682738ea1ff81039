"""D1: MobileNetV2 learns the digits in six programs that look alike.

Two of them never update the moving statistics: one stays at chance and the other, from trained
weights, does not show it. Two are right. One is right with tf_keras and wrong with Keras 3. In the
last the moving statistics need thousands of steps, and `recalibrate` takes them from the data.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import tb_bnplugin
from demo.data import Digits, color_digits
from tb_bnplugin.diagnose import Outcome

keras = tf.keras  # Keras 3, or tf_keras with TF_USE_LEGACY_KERAS=1

BATCH = 32
MOMENTUM = 0.99
HIGH_MOMENTUM = 0.999
BLOCKS = 16  # of MobileNetV2, each with three batch normalization layers
Row = dict[str, float]
Tell = Callable[[str], None]


def make_model(momentum: float = MOMENTUM, blocks: int = BLOCKS) -> Any:
    """MobileNetV2 with random weights: 52 batch normalization layers, or its first blocks."""
    model = keras.applications.MobileNetV2(
        input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=10, classifier_activation=None
    )
    if blocks < BLOCKS:
        end = model.get_layer(f"block_{blocks + 1}_expand").input
        pooled = keras.layers.GlobalAveragePooling2D()(end)
        model = keras.Model(model.input, keras.layers.Dense(10)(pooled), name=model.name)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = momentum
    return model


def custom_loop(
    model: Any,
    data: Digits,
    log_dir: Path,
    epochs: int,
    tell: Tell,
    **call_arguments: bool,
) -> list[Row]:
    """A training loop of one's own, as in the tutorials: `model(x)`, or with `training=True`."""
    watch = tb_bnplugin.watch(model)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.RMSprop(1e-3)
    batches = (
        tf.data.Dataset.from_tensor_slices((data.x, data.y))
        .shuffle(2000, seed=0)
        .batch(BATCH, drop_remainder=True)
    )

    @tf.function
    def train_step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(x, **call_arguments)
            loss = loss_fn(y, logits)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), y), tf.float32))

    writer = tf.summary.create_file_writer(str(log_dir))
    rows: list[Row] = []
    step = 0
    with writer.as_default():
        for epoch in range(epochs):
            losses, hits = [], []
            for x, y in batches:
                step += 1
                loss, accuracy = train_step(x, y)
                losses.append(float(loss))
                hits.append(float(accuracy))
                if step <= 50 or step % 5 == 0:
                    tf.summary.scalar("loss", loss, step=step)
                    tf.summary.scalar("accuracy", accuracy, step=step)
                    tb_bnplugin.summary.batch_norm(model, step=step)
            with watch.evaluating():
                logits = model.predict(data.x_val, batch_size=120, verbose=0)
            val_accuracy = float(np.mean(np.argmax(logits, 1) == data.y_val))
            tf.summary.scalar("val_accuracy", val_accuracy, step=step)
            tb_bnplugin.summary.probe(model, data.x_val, data.y_val, loss=loss_fn, step=step)
            tb_bnplugin.summary.batch_norm(model, step=step)
            rows.append(
                {
                    "epoch": epoch + 1,
                    "loss": float(np.mean(losses)),
                    "accuracy": float(np.mean(hits)),
                    "val_accuracy": val_accuracy,
                    "start_dominates": start_dominates(watch.findings()),
                }
            )
            tell(epoch_text(rows[-1], epochs))
    writer.close()
    watch.close()
    return rows


def fit(model: Any, data: Digits, log_dir: Path, epochs: int, tell: Tell) -> list[Row]:
    """The same training with `compile` and `fit`."""
    model.compile(
        optimizer=keras.optimizers.RMSprop(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    tensorboard = keras.callbacks.TensorBoard(str(log_dir), update_freq=5)
    batch_norm = tb_bnplugin.BatchNormCallback(tensorboard, probe_data=(data.x_val, data.y_val))
    rows: list[Row] = []

    def end_epoch(epoch: int, logs: Row) -> None:
        found = start_dominates(batch_norm.findings())
        numbers = {name: float(value) for name, value in logs.items()}
        rows.append({"epoch": epoch + 1, **numbers, "start_dominates": found})
        tell(epoch_text(rows[-1], epochs))

    model.fit(
        data.x,
        data.y,
        batch_size=BATCH,
        epochs=epochs,
        validation_data=(data.x_val, data.y_val),
        validation_batch_size=120,
        callbacks=[
            tensorboard,
            batch_norm,
            keras.callbacks.LambdaCallback(on_epoch_end=end_epoch),
        ],
        verbose=0,
    )
    return rows


def start_dominates(findings: Sequence[Outcome]) -> float:
    """How many layers BN201 names: their starting value still shapes the moving statistics."""
    return float(sum(len(found.layers) for found in findings if found.code == "BN201"))


def epoch_text(row: Row, epochs: int) -> str:
    """One line of progress."""
    dominated = row["start_dominates"]
    found = f"  BN201: {dominated:.0f} layers" if dominated else ""
    return (
        f"epoch {row['epoch']:2.0f}/{epochs}  loss {row['loss']:.3f}"
        f"  validation accuracy {row['val_accuracy']:.3f}{found}"
    )


class NoTraining(keras.Model):  # type: ignore[name-defined]  # Keras is untyped
    """A model whose `call` has no `training`: Keras 3 cannot tell it that it is trained."""

    def __init__(self, base: Any) -> None:
        super().__init__(name="no_training")
        self.base = base

    def call(self, x: Any) -> Any:
        """The logits."""
        return self.base(x)


def outputs_alike(model: Any, data: Digits) -> np.ndarray[Any, Any]:
    """The logits of three different digits, as `predict_on_batch` gives them."""
    return np.asarray(model.predict_on_batch(data.x_val[:3]))


def validation_accuracy(model: Any, data: Digits) -> float:
    """In inference mode."""
    logits = model.predict(data.x_val, batch_size=120, verbose=0)
    return float(np.mean(np.argmax(logits, 1) == data.y_val))


def run(log_dir: Path, epochs: int, tell: Tell, blocks: int = BLOCKS) -> dict[str, list[Row]]:
    """All six programs; returns the rows of each, by the name of its run."""
    make = functools.partial(make_model, blocks=blocks)
    data = color_digits()
    rows: dict[str, list[Row]] = {}
    short = min(3, epochs)  # what goes wrong shows at once; what goes right takes its time
    keras.utils.set_random_seed(1)

    tell("1 of 6: custom loop, model(x), random weights")
    model = make()
    rows["1_loop_no_training_argument"] = custom_loop(
        model, data, log_dir / "1_loop_no_training_argument", short, tell
    )
    tell("its outputs for three different digits:")
    for row in outputs_alike(model, data):
        tell("  " + " ".join(f"{value:+.5f}" for value in row))

    tell("3 of 6: the cure, model(x, training=True)")
    cured = make()
    rows["3_loop_cured"] = custom_loop(
        cured, data, log_dir / "3_loop_cured", epochs, tell, training=True
    )

    tell("2 of 6: custom loop, model(x), from the trained weights of 3")
    trained = make()
    trained.set_weights(cured.get_weights())
    rows["2_loop_from_trained_weights"] = custom_loop(
        trained, data, log_dir / "2_loop_from_trained_weights", short, tell
    )

    tell("4 of 6: fit")
    rows["4_fit"] = fit(make(), data, log_dir / "4_fit", epochs, tell)

    tell("5 of 6: fit of a subclassed model whose call has no training argument")
    rows["5_subclass_without_training"] = fit(
        NoTraining(make()), data, log_dir / "5_subclass_without_training", short, tell
    )

    tell("6 of 6: fit with a momentum of 0.999, then recalibrated")
    slow = make(HIGH_MOMENTUM)
    rows["6_high_momentum"] = fit(slow, data, log_dir / "6_high_momentum", min(8, epochs), tell)
    before = validation_accuracy(slow, data)
    recalibrated = tb_bnplugin.recalibrate(slow, (data.x, data.y), verbose=False)
    for line in str(recalibrated).splitlines():
        tell(line)
    after = validation_accuracy(slow, data)
    tell(f"validation accuracy before {before:.3f}, recalibrated {after:.3f}")
    return rows
