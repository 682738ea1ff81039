"""The outer model drops `training`, its blocks would take it; four steps an execution."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/keras-team/keras-hub/pull/1623"
EXPECTED = {"keras": ("BN106",), "tf_keras": ()}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    class Block(keras.layers.Layer):
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.dense = keras.layers.Dense(units)
            self.norm = keras.layers.BatchNormalization(momentum=0.9)

        def build(self, shape: Any) -> None:
            self.dense.build(shape)
            self.norm.build((*shape[:-1], self.dense.units))
            self.built = True

        def call(self, x: Any, training: Any = None) -> Any:
            return tf.nn.relu(self.norm(self.dense(x), training=training))

    class Network(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [Block(48), Block(32)]
            self.head = keras.layers.Dense(10)

        def call(self, x: Any) -> Any:  # the fault: BN106
            for block in self.blocks:
                x = block(x)
            return self.head(x)

    model = Network()
    model.compile(
        keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"], steps_per_execution=4
    )
    model(data.x[:1])
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and at_start(model))
    fit(model, data.train, data.held, bench.callbacks(), batch_size=48, epochs=4)
    score = model.evaluate(data.x_val, data.y_val, verbose=0)[1]
    if EXPECTED[keras.__name__]:
        bench.faulty(learns() and at_start(model), "the weights are trained, statistics stay 0, 1")
    else:
        bench.healthy(not at_start(model), "the statistics are trained")
        bench.healthy(score > 0.85, f"validation accuracy {score:.2f}")
    bench.final(model)
