"""The second block's normalization is created, but the first one's is called in its place."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import changes, flat

REPORT = "a variant of the published account behind scenario D5 in docs/design.md"
EXPECTED = {"keras": ("BN110",), "tf_keras": ("BN110",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    class Network(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense1, self.bn1 = keras.layers.Dense(32), keras.layers.BatchNormalization()
            self.dense2, self.bn2 = keras.layers.Dense(32), keras.layers.BatchNormalization()
            self.last = keras.layers.Dense(10)
            self.bn2.build((None, 32))

        def call(self, x: Any, training: Any = None) -> Any:
            x = tf.nn.relu(self.bn1(self.dense1(x), training=training))
            x = tf.nn.relu(self.bn1(self.dense2(x), training=training))  # the fault: BN110
            return self.last(x)

    model = Network()
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
    model(data.x[:1])
    bn1 = changes(lambda: flat(model.bn1.weights))
    bn2 = changes(lambda: flat(model.bn2.weights))
    bench.evidence(lambda: bn1() and not bn2())
    model.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    bench.faulty(bn1() and not bn2(), "nothing of the second layer changes, all of the first does")
    bench.final(model)
