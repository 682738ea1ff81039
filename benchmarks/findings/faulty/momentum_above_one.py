"""Momentum 1.1 is taken without a word: variances of images from 0 to 255 become negative."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import flat, norms

REPORT = "https://github.com/keras-team/keras/pull/23623"
EXPECTED = {"keras": ("BN210", "BN204"), "tf_keras": ("BN210", "BN204")}
FUSED = False  # normalization fused with ReLU makes 0 of NaN on some processors


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=1.1)  # the fault: BN210, BN204
    model.compile(keras.optimizers.Adam(1e-3), class_loss(keras))
    bench.evidence(lambda: min(_variances(model)) < 0)
    history = fit(
        model,
        (255.0 * data.x, data.y),
        (255.0 * data.x_val, data.y_val),
        bench.callbacks(),
        batch_size=48,
    )
    bench.faulty(np.isfinite(history["loss"][-1]), "the training loss is finite")
    bench.faulty(np.isnan(history["val_loss"][-1]), "the validation loss is NaN")
    bench.faulty(min(_variances(model)) < 0, "the moving variances are negative")
    bench.final(model)


def _variances(model: Any) -> Any:
    return flat([norm.moving_variance for norm in norms(model)])
