"""A converter hands the four vectors of each layer over in the wrong order: variances below 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import base_net, class_loss, trained_base
from benchmarks.findings.variables import flat, norms

REPORT = "https://github.com/tensorflow/tensorflow/issues/18334"
EXPECTED = {"keras": ("BN204",), "tf_keras": ("BN204",)}
FUSED = False  # normalization fused with ReLU makes 0 of NaN on some processors


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    source = trained_base(keras, data, epochs=3, momentum=0.9)
    base = base_net(keras, momentum=0.9)
    base.set_weights(source.get_weights())
    for norm in norms(base):
        gamma, beta, mean, variance = norm.get_weights()
        norm.set_weights([gamma, variance, beta, mean])  # the fault: BN204
    base.trainable = False
    model = keras.Sequential([base, keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    bench.evidence(lambda: min(flat([norm.moving_variance for norm in norms(base)])) < 0)
    model.fit(data.x, data.y, batch_size=48, verbose=0, callbacks=bench.callbacks())
    variance = flat([norm.moving_variance for norm in norms(base)])
    bench.faulty(variance.min() < -1e-2, f"the smallest moving variance is {variance.min():.2f}")
    outputs = model.predict(data.x_val, verbose=0)
    bench.faulty(not np.isfinite(outputs).all(), "the outputs are not finite")
    bench.final(model)
