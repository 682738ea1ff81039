"""D2 (a) and (b): a new head on a pretrained base, on statistics that nobody else uses.

The images of the new camera are dark where the old ones were bright, and brighter on the whole.
Where the base runs in training mode while only the head is trained, the head learns on features
that are normalized with each batch, as Keras 2.1 did with a frozen base. The moving statistics are
still those of the old camera: every evaluation takes these, and the head has never seen what they
give. A frozen base shows the head the same features at all times. `recalibrate` takes the
statistics of the new camera, and the head that learned on its batches is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

import tb_bnplugin
from demo.data import Digits, digits
from demo.mode_override import BATCH, Row, Tell, compile_model, forced, make_base

keras = tf.keras

EPOCHS = 6
MOMENTUM = 0.9997  # as Inception's: a few epochs leave the statistics of the old camera
Camera = Callable[[Any], Any]


class HeadAlone(keras.Model):  # type: ignore[name-defined]  # Keras is untyped
    """A model that trains its head, with the base in training mode."""

    def train_step(self, batch: Any) -> dict[str, Any]:
        """One step of the head."""
        x, y = batch
        head = self.get_layer("head")
        features = self.get_layer("base")(x, training=True)
        with tf.GradientTape() as tape:
            out = head(features)
            loss = self.compute_loss(x, y, out)
        gradients = tape.gradient(loss, head.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, head.trainable_variables, strict=True))
        metrics = self.compute_metrics(x, y, out, sample_weight=None)
        # a name that no metric has: Keras 3 would show its own "loss" in place of this one
        return {"loss of the head": loss, "accuracy": metrics["accuracy"]}


@dataclass(frozen=True, kw_only=True)
class Program:
    """One way to train the head."""

    model_class: Any
    frozen: bool
    camera: Camera


def new_camera(x: Any) -> Any:
    """Digits in [0, 1] as the new camera sees them: dark on bright, from 2.5 to 3.5."""
    return 3.5 - x


def close_camera(x: Any) -> Any:
    """Digits as a camera sees them that is nearly the old one."""
    return 0.9 * x


def make_head() -> Any:
    """A linear classifier of the features."""
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)], name="head")


def pretrain(data: Digits) -> Any:
    """The weights of a base that knows the digits of the old camera."""
    base = make_base()
    model = keras.Sequential([base, make_head()])
    compile_model(model, 1e-2)
    model.fit(data.x[..., None], data.y, batch_size=BATCH, epochs=5, verbose=0)
    return base.get_weights()


def train_head(weights: Any, data: Digits, log_dir: Path, program: Program) -> Row:
    """Trains a new head; returns the four evaluations of the account, and one after the cure."""
    base = make_base(momentum=MOMENTUM)
    base.set_weights(weights)
    base.trainable = not program.frozen
    inputs = keras.Input((8, 8, 1))
    model = program.model_class(inputs, make_head()(base(inputs)))
    compile_model(model, 1e-2)

    x, x_val = program.camera(data.x[..., None]), program.camera(data.x_val[..., None])
    tensorboard = keras.callbacks.TensorBoard(str(log_dir), update_freq="batch")
    batch_norm = tb_bnplugin.BatchNormCallback(tensorboard, probe_data=(x_val, data.y_val))
    history = model.fit(
        x,
        data.y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(x_val, data.y_val),
        callbacks=[tensorboard, batch_norm],
        verbose=0,
    )

    path = log_dir / "model.keras"
    model.save(path)
    classes = {program.model_class.__name__: program.model_class}
    loaded = keras.models.load_model(path, custom_objects=classes, compile=False)
    compile_model(loaded, 1e-2)
    row = {
        "validation in fit": f"{history.history['val_accuracy'][-1]:.3f}",
        "saved and loaded": f"{loaded.evaluate(x_val, data.y_val, verbose=0)[1]:.3f}",
        "forced to inference": f"{forced(loaded, x_val, data.y_val, training=False):.3f}",
        "forced to training": f"{forced(loaded, x_val, data.y_val, training=True):.3f}",
    }
    if not program.frozen:  # a frozen base has nothing to recalibrate
        tb_bnplugin.recalibrate(loaded, (x, data.y), verbose=False)
        row["recalibrated"] = f"{loaded.evaluate(x_val, data.y_val, verbose=0)[1]:.3f}"
    return row


def run(log_dir: Path, tell: Tell) -> dict[str, dict[str, Row]]:
    """All programs; returns the account's table, a row for each evaluation."""
    data = digits()
    keras.utils.set_random_seed(1)
    tell("pretraining on the old camera")
    weights = pretrain(data)
    programs = {
        "1_base_in_training_mode": Program(model_class=HeadAlone, frozen=False, camera=new_camera),
        "2_base_frozen": Program(model_class=keras.Model, frozen=True, camera=new_camera),
        "3_cameras_alike": Program(model_class=HeadAlone, frozen=False, camera=close_camera),
    }
    table: dict[str, Row] = {}
    for number, (name, program) in enumerate(programs.items(), 1):
        tell(f"{number} of {len(programs)}: {name}")
        keras.backend.clear_session()  # a program of its own: layers are named from the start
        keras.utils.set_random_seed(1)
        for evaluation, accuracy in train_head(weights, data, log_dir / name, program).items():
            table.setdefault(evaluation, {})[name] = accuracy
    return {"Which statistics did the head learn on?": table}
