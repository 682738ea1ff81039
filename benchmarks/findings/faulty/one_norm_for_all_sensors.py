"""Three sensors of other units share a convolution, and its normalization too."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench

REPORT = "https://github.com/keras-team/keras/issues/8605"
EXPECTED = {"keras": ("BN211",), "tf_keras": ("BN211",)}
UNITS = ((0.05, 0.0), (1.0, 5.0), (40.0, -100.0))  # spread and level of each sensor


def readings(rows: int) -> tuple[list[Any], Any]:
    """A slope in each of three time series tells which of two classes a row is of."""
    random = np.random.default_rng(6)
    y = random.integers(0, 2, rows).astype("float32")[:, None]
    slope = np.linspace(-1, 1, 16)[None, :, None]
    plain = [random.normal(size=(rows, 16, 1)) + 1.2 * y[:, :, None] * slope for _ in UNITS]
    x = [part * spread + level for part, (spread, level) in zip(plain, UNITS, strict=True)]
    return [part.astype("float32") for part in x], y


def run(keras: Any, bench: Bench) -> None:
    layers = keras.layers
    x, y = readings(256)
    inputs = [keras.Input((16, 1)) for _ in UNITS]
    conv, norm = layers.Conv1D(8, 3), layers.BatchNormalization(momentum=0.9)  # the fault: BN211
    towers = [layers.GlobalAveragePooling1D()(layers.ReLU()(norm(conv(each)))) for each in inputs]
    hidden = layers.Dense(32, activation="relu")(layers.Concatenate()(towers))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(5e-3), loss)

    def levels() -> float:
        """How far the levels of the sensors lie apart, as the layer sees them, in deviations."""
        seen = [conv(part).numpy() for part in x]
        means = np.array([part.mean(axis=(0, 1)) for part in seen])
        spread = np.sqrt(np.mean([part.var(axis=(0, 1)) for part in seen], axis=0))
        return float(np.median(np.ptp(means, axis=0) / spread))

    bench.evidence(lambda: levels() > 1)
    probe_data = ([part[:96] for part in x], y[:96])
    history = model.fit(
        x,
        y,
        batch_size=32,
        epochs=15,
        validation_data=(x, y),
        verbose=0,
        callbacks=bench.callbacks(probe_data=probe_data),
    ).history
    trained, tested = history["loss"][-1], history["val_loss"][-1]
    bench.faulty(levels() > 1, f"the levels lie {levels():.1f} deviations apart")
    text = f"loss {trained:.3f} in training, {tested:.3f} on the same rows in evaluation"
    bench.faulty(tested > 1.5 * trained, text)
    bench.final(model)
