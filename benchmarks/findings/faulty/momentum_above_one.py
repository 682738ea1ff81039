"""Momentum 1.1 is taken without a word: variances of images from 0 to 255 become negative."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, conv_net, flat, norms

REPORT = "https://github.com/keras-team/keras/pull/23623"
EXPECTED = {"keras": ("BN210", "BN204"), "tf_keras": ("BN210", "BN204")}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=1.1)
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    bench.evidence(lambda: min(_variances(model)) < 0)
    history = model.fit(
        255.0 * data.x,
        data.y,
        validation_data=(255.0 * data.x_val, data.y_val),
        batch_size=48,
        verbose=0,
        callbacks=bench.callbacks(),
    )
    bench.faulty(np.isfinite(history.history["loss"][-1]), "the training loss is finite")
    bench.faulty(np.isnan(history.history["val_loss"][-1]), "the validation loss is NaN")
    bench.faulty(min(_variances(model)) < 0, "the moving variances are negative")
    bench.final(model)


def _variances(model: Any) -> Any:
    return flat([norm.moving_variance for norm in norms(model)])
