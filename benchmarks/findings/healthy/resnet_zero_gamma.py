"""A residual net whose last gamma of each block starts at zero, with a learning rate schedule."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit

REPORT = "https://arxiv.org/abs/1706.02677"  # ImageNet in 1 Hour, section 5.1


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    layers = keras.layers

    def norm(gamma: str = "ones") -> Any:
        return layers.BatchNormalization(momentum=0.9, gamma_initializer=gamma)

    def conv(filters: int, size: int, strides: int = 1) -> Any:
        return layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)

    inputs = keras.Input((8, 8, 1))
    x = layers.ReLU()(norm()(conv(12, 3)(inputs)))
    for filters, strides in ((12, 1), (24, 2)):
        short = x
        if strides > 1:
            short = norm()(conv(filters, 1, strides)(x))
        h = layers.ReLU()(norm()(conv(filters, 3, strides)(x)))
        h = norm("zeros")(conv(filters, 3)(h))
        x = layers.ReLU()(layers.Add()([short, h]))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    epochs, batch = 8, 48
    schedule = keras.optimizers.schedules.CosineDecay(0.3, epochs * len(data.x) // batch)
    model.compile(
        keras.optimizers.SGD(schedule, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = fit(model, data.train, data.held, bench.callbacks(), batch_size=batch, epochs=epochs)
    bench.accurate(history["val_accuracy"][-1])
    bench.final(model)
