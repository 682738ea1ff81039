"""Virtual batches of two rows: whatever the batch is, a channel is normalized by two values."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import norms

REPORT = "https://github.com/keras-team/keras/issues/15790"
FLAVOURS = ("tf_keras",)  # Keras 3 has no virtual_batch_size
EXPECTED = {"tf_keras": ("BN203",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    x = 16 * data.x  # as the camera gave them
    model = dense_net(keras, momentum=0.9, virtual_batch_size=2)  # the fault: BN203
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    norm, dense = norms(model)[0], model.layers[0]

    def signs() -> float:
        """The share of values that are normalized to 1 or -1, whatever they were."""
        values = dense(x[:64]).numpy().reshape(32, 2, -1)
        off = values - values.mean(axis=1, keepdims=True)
        return float(
            np.mean(np.abs(off / np.sqrt(values.var(axis=1, keepdims=True) + 1e-3)) > 0.99)
        )

    bench.evidence(lambda: signs() > 0.7)
    model.fit(x, data.y, batch_size=96, epochs=2, verbose=0, callbacks=bench.callbacks())
    share = signs()
    statistics = [part.copy() for part in norm.get_weights()[2:]]
    norm.gamma.assign(tf.ones_like(norm.gamma))
    norm.beta.assign(tf.zeros_like(norm.beta))
    seen = np.abs(norm(dense(x[:64]), training=True).numpy())
    norm.set_weights([*norm.get_weights()[:2], *statistics])
    bench.faulty(share > 0.7, f"{share:.0%} of the values are 1 or -1 by numpy")
    bench.faulty(np.mean(np.abs(seen - 1) < 0.01) > 0.7, "and as the layer gives them")
    bench.final(model)
