"""Ghost batch normalization: each batch of 96 is normalized in virtual batches of 32."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://arxiv.org/abs/1705.08741"  # Train longer, generalize better
FLAVOURS = ("tf_keras",)  # Keras 3 has no virtual_batch_size


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(momentum=0.9, virtual_batch_size=32),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    rows = len(data.x_val) // 32 * 32  # each batch must be made of whole virtual ones
    history = fit(
        model,
        data.train,
        (data.x_val[:rows], data.y_val[:rows]),
        bench.callbacks(),
        batch_size=96,
        epochs=8,
        validation_batch_size=32,
    )
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
