"""D5: a network whose `call` defaults to `training=True`, so that evaluation trains it too.

The blocks, checkpoints, metrics and loop are those of a widely read tutorial. Leave the argument
out when evaluating and batch normalization goes on learning, from the test data. The last program
has the tutorial's other slip, a convolution whose output nobody uses.
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


class ConvBlock(keras.Model):  # type: ignore[name-defined]  # Keras is untyped
    """Convolution, batch normalization, ReLU and dropout."""

    def __init__(
        self,
        num_filters: int,
        kernel_size: int,
        weight_decay: float = 1e-4,
        dropout_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.conv = keras.layers.Conv2D(
            num_filters,
            kernel_size,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            kernel_regularizer=keras.regularizers.l2(weight_decay) if weight_decay else None,
        )
        self.bn = keras.layers.BatchNormalization(momentum=0.9)
        self.dropout = keras.layers.Dropout(dropout_rate)

    def call(self, x: Any, training: bool = True) -> Any:
        """The block's output."""
        output = self.conv(x)
        output = self.bn(output, training=training)
        output = tf.nn.relu(output)
        return self.dropout(output, training=training)


class DroppedConvBlock(ConvBlock):
    """The block with the slip: it normalizes its input, and the convolution is dropped."""

    def call(self, x: Any, training: bool = True) -> Any:
        """The block's output."""
        output = self.conv(x)
        output = self.bn(x, training=training)
        output = tf.nn.relu(output)
        return self.dropout(output, training=training)


class SimpleCNN(keras.Model):  # type: ignore[name-defined]
    """Three blocks and a classifier."""

    def __init__(self, num_classes: int, second_block: Any = None) -> None:
        super().__init__(name="simple_cnn")
        self.block1 = ConvBlock(16, 3)
        self.block2 = ConvBlock(32, 3) if second_block is None else second_block
        self.block3 = ConvBlock(64, 3)
        self.global_pool = keras.layers.GlobalAveragePooling2D()
        self.classifier = keras.layers.Dense(num_classes)

    def call(self, x: Any, training: bool = True) -> Any:
        """The logits."""
        output = self.block1(x, training=training)
        output = self.block2(output, training=training)
        output = self.block3(output, training=training)
        output = self.global_pool(output)
        return self.classifier(output)


def loop(model: Any, data: Digits, log_dir: Path, **test_arguments: bool) -> dict[str, Row]:
    """The tutorial's loop; returns what each epoch's evaluation said, and what it did."""
    optimizer = keras.optimizers.RMSprop(1e-3)
    loss_object = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    train_accuracy = keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")
    test_accuracy = keras.metrics.SparseCategoricalAccuracy(name="test_accuracy")
    train_ds = tf.data.Dataset.from_tensor_slices((data.x[..., None], data.y))
    train_ds = train_ds.shuffle(2000, seed=0).batch(BATCH, drop_remainder=True)
    test_ds = tf.data.Dataset.from_tensor_slices((data.x_val[..., None], data.y_val))
    checkpoint = tf.train.Checkpoint(step=tf.Variable(0), optimizer=optimizer, model=model)
    manager = tf.train.CheckpointManager(checkpoint, str(log_dir / "tf_ckpts"), max_to_keep=3)

    @tf.function
    def train_step(inputs: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            predictions = model(inputs, training=True)
            loss = loss_object(targets, predictions)
            loss += tf.add_n(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        train_accuracy(targets, predictions)
        return loss

    @tf.function
    def test_step(inputs: Any, targets: Any) -> None:
        test_accuracy(targets, model(inputs, **test_arguments))

    def evaluate(rows: int) -> float:
        test_accuracy.reset_state()
        for inputs, targets in test_ds.batch(rows):
            test_step(inputs, targets)
        return float(test_accuracy.result())

    rows: dict[str, Row] = {}
    watch = tb_bnplugin.watch(model)
    with tf.summary.create_file_writer(str(log_dir)).as_default():
        for epoch in range(1, EPOCHS + 1):
            train_accuracy.reset_state()
            for inputs, targets in train_ds:
                loss = train_step(inputs, targets)
                step = int(checkpoint.step.assign_add(1))
                tf.summary.scalar("loss", loss, step=step)
                tb_bnplugin.summary.batch_norm(model, step=step)
            saved = manager.save()
            before = [np.array(variable) for variable in model.non_trainable_variables]
            with watch.evaluating():
                accuracy, in_fours = evaluate(rows=36), evaluate(rows=4)
            tf.summary.scalar("test_accuracy", accuracy, step=step)
            after = [np.array(variable) for variable in model.non_trainable_variables]
            moved = max(np.abs(a - b).max() for a, b in zip(before, after, strict=True))
            rows[f"epoch {epoch}"] = {
                "train": f"{float(train_accuracy.result()):.3f}",
                "test": f"{accuracy:.3f}",
                "in batches of 4": f"{in_fours:.3f}",
                "from the checkpoint": f"{restored_accuracy(saved, data):.3f}",
                "statistics moved by": f"{moved:.4f}",
            }
    watch.close()
    return rows


def restored_accuracy(saved: str, data: Digits) -> float:
    """Test accuracy of the checkpoint in inference mode, as the model is going to be used."""
    model = SimpleCNN(10)
    model(data.x_val[:1, ..., None], training=False)
    tf.train.Checkpoint(model=model).restore(saved).expect_partial()
    logits = model(data.x_val[..., None], training=False)
    return float(np.mean(np.argmax(logits, axis=1) == data.y_val))


def dropped(data: Digits, log_dir: Path) -> Row:
    """`fit` of the network whose second block drops its convolution."""
    # With a weight decay the decay alone would reach the kernel, and shrink it.
    model = SimpleCNN(10, second_block=DroppedConvBlock(32, 3, weight_decay=0.0))
    model(data.x[:1, ..., None], training=False)
    kernels = [np.array(kernel) for kernel in kernels_of(model)]
    tensorboard = keras.callbacks.TensorBoard(str(log_dir), update_freq="batch")
    batch_norm = tb_bnplugin.BatchNormCallback(tensorboard)
    model.compile(
        keras.optimizers.RMSprop(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        data.x[..., None],
        data.y,
        batch_size=BATCH,
        epochs=EPOCHS,
        validation_data=(data.x_val[..., None], data.y_val),
        callbacks=[tensorboard, batch_norm],
        verbose=0,
    )
    moved = [
        np.abs(old - np.array(new)).max()
        for old, new in zip(kernels, kernels_of(model), strict=True)
    ]
    return {
        "test": f"{history.history['val_accuracy'][-1]:.3f}",
        **{f"kernel {number} moved by": f"{by:.4f}" for number, by in enumerate(moved, 1)},
    }


def kernels_of(model: Any) -> list[Any]:
    """The kernels of the three convolutions."""
    return [block.conv.kernel for block in (model.block1, model.block2, model.block3)]


def run(log_dir: Path, tell: Tell) -> dict[str, dict[str, Row]]:
    """All programs; returns a table for each."""
    data = digits()
    tables: dict[str, dict[str, Row]] = {}
    arguments = {"1_evaluated_without_argument": {}, "2_training_false": {"training": False}}
    for name, test_arguments in arguments.items():
        tell(name.replace("_", " of 3: ", 1))
        keras.backend.clear_session()  # programs of their own: layers are named from the start
        keras.utils.set_random_seed(1)
        tables[name] = loop(SimpleCNN(10), data, log_dir / name, **test_arguments)
    tell("3 of 3: dropped_convolution")
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    name = "3_dropped_convolution"
    tables[name] = {f"epoch {EPOCHS}": dropped(data, log_dir / name)}
    return tables
