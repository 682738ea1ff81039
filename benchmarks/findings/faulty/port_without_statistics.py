"""A port copies the trainable weights only; the frozen base normalizes with 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import base_net, class_loss, trained_base
from benchmarks.findings.variables import at_start, flat, norms

REPORT = "https://github.com/tensorflow/tensorflow/issues/16455"
EXPECTED = {"keras": ("BN207",), "tf_keras": ("BN207",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    source = trained_base(keras, data, epochs=8, momentum=0.9)
    base = base_net(keras, momentum=0.9)
    # the fault: BN207
    for mine, theirs in zip(base.trainable_variables, source.trainable_variables, strict=True):
        mine.assign(theirs)
    base.trainable = False
    model = keras.Sequential([base, keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    bench.evidence(lambda: at_start(base))
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(at_start(base), "the statistics of the loaded base are 0 and 1")
    gamma = flat([norm.gamma for norm in norms(base)])
    bench.faulty(np.abs(gamma - 1).max() > 0.05, "its gamma is that of the source")
    ours, theirs = base(data.x_val).numpy(), source(data.x_val).numpy()
    bench.faulty(np.abs(ours - theirs).max() > 0.5, "its features differ from those of the source")
    bench.final(model)
