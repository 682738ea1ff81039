"""Few steps with the default momentum: half of the start is left, and nothing is lost."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import accuracy_by_mode, norms

REPORT = "https://github.com/keras-team/keras/issues/6977"
STEPS = 90


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    layers = keras.layers
    hidden = layers.Dense(64, activation="relu", kernel_initializer="glorot_normal")
    model = keras.Sequential([keras.Input((64,)), hidden, layers.BatchNormalization()])
    model.add(layers.Dense(10))
    model.compile(keras.optimizers.Adam(3e-3), class_loss(keras), metrics=["accuracy"])
    model.fit(
        *data.train,
        batch_size=64,
        epochs=STEPS * 64 // len(data.x),
        validation_data=data.held,
        verbose=0,
        callbacks=bench.callbacks(probe_data=(data.x_val[:200], data.y_val[:200])),
    )
    entering = hidden(data.x).numpy().var(axis=0)
    moving = norms(model)[0].moving_variance.numpy()
    share = float((moving > 2 * entering).mean())
    bench.healthy(share > 0.25, f"{share:.0%} of the moving variances are twice the right ones")
    with_moving, with_batch = accuracy_by_mode(model, data)
    text = f"accuracy {with_moving:.2f}, with batch statistics {with_batch:.2f}"
    bench.healthy(with_moving > 0.85 and with_moving > with_batch - 0.02, text)
    bench.final(model)
