"""D2 (c): fine-tuning a base that was told to stay in inference mode, and does not.

`base(x, training=False)` is how the Keras guide on transfer learning keeps the statistics of a
pretrained base while it is fine-tuned. `fit` of Keras 3 below 3.16 trains them all the same;
tf_keras does as it is told. Freezing the layers themselves works everywhere.
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

BATCH = 32
Row = dict[str, str]
Tell = Callable[[str], None]


def make_base(momentum: float = 0.9) -> Any:
    """Two convolutions with batch normalization."""
    inputs = keras.Input((8, 8, 1))
    x = inputs
    for filters in (16, 32):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=momentum)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D()(x)
    return keras.Model(inputs, x, name="base")


def add_head(base: Any, classes: int) -> Any:
    """The model of the guide: the base in inference mode, and a new head."""
    inputs = keras.Input((8, 8, 1))
    x = base(inputs, training=False)  # also when it is unfrozen for fine-tuning
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    outputs = keras.layers.Dense(classes)(x)
    return keras.Model(inputs, outputs, name="fine_tuned")


def pretrain(data: Digits) -> Any:
    """A base that knows the digits 0 to 4."""
    base = make_base()
    pooled = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(5)(pooled), name="pretrained")
    known = data.y < 5
    compile_model(model, 1e-2)
    model.fit(data.x[known][..., None], data.y[known], batch_size=BATCH, epochs=8, verbose=0)
    return base


def compile_model(model: Any, learning_rate: float) -> None:
    """Optimizer, loss and metric."""
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def fine_tune(weights: Any, data: Digits, log_dir: Path, *, freeze_batch_norm: bool) -> Row:
    """The head alone, then all of it, on the digits 5 to 9; returns the account's table."""
    base = make_base()
    base.set_weights(weights)
    model = add_head(base, classes=5)
    new, new_val = data.y >= 5, data.y_val >= 5
    x, y = data.x[new][..., None], data.y[new] - 5
    x_val, y_val = data.x_val[new_val][..., None], data.y_val[new_val] - 5
    tensorboard = keras.callbacks.TensorBoard(str(log_dir), update_freq="batch")
    batch_norm = tb_bnplugin.BatchNormCallback(tensorboard)
    arguments = {
        "batch_size": BATCH,
        "validation_data": (x_val, y_val),
        "callbacks": [tensorboard, batch_norm],
        "verbose": 0,
    }

    base.trainable = False
    compile_model(model, 1e-2)
    model.fit(x, y, epochs=3, **arguments)

    base.trainable = True
    if freeze_batch_norm:
        for layer in base.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    compile_model(model, 1e-3)
    before = moving_statistics(base)
    history = model.fit(x, y, epochs=3, **arguments)
    moved = max(
        float(np.abs(old - now).max())
        for old, now in zip(before, moving_statistics(base), strict=True)
    )

    path = log_dir / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    return {
        "in fit": f"{history.history['val_accuracy'][-1]:.3f}",
        "saved, loaded": f"{loaded.evaluate(x_val, y_val, verbose=0)[1]:.3f}",
        "inference": f"{forced(loaded, x_val, y_val, training=False):.3f}",
        "training": f"{forced(loaded, x_val, y_val, training=True):.3f}",
        "statistics moved by": f"{moved:.4f}",
    }


def forced(model: Any, x: Any, y: Any, *, training: bool) -> float:
    """Accuracy with the base in the given mode, whatever the graph says."""
    _, base, *head = model.layers
    out = base(x, training=training)
    for layer in head:
        out = layer(out, training=False) if "dropout" in layer.name else layer(out)
    return float(np.mean(np.argmax(out, axis=1) == y))


def moving_statistics(base: Any) -> list[Any]:
    """Moving means and variances as they are now."""
    return [
        np.array(values)
        for layer in base.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        for values in (layer.moving_mean, layer.moving_variance)
    ]


def run(log_dir: Path, tell: Tell) -> dict[str, dict[str, Row]]:
    """Both programs; returns a table, a row for each."""
    data = digits()
    keras.utils.set_random_seed(1)
    tell("pretraining on the digits 0 to 4")
    weights = pretrain(data).get_weights()
    programs = {"4_training_false": False, "5_batch_norm_frozen": True}
    rows = {}
    for number, (name, freeze) in enumerate(programs.items(), 1):
        tell(f"{number} of {len(programs)}: {name}")
        keras.backend.clear_session()  # a program of its own: layers are named from the start
        keras.utils.set_random_seed(1)
        rows[name] = fine_tune(weights, data, log_dir / name, freeze_batch_norm=freeze)
    return {"Do the statistics of the base stay?": rows}
