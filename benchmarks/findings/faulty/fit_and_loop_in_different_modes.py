"""`fit` trains well and a loop on the same network does not: it runs in inference mode."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import descend
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "the published account behind scenario D1 in docs/design.md"
EXPECTED = {"keras": ("CR102", "BN101"), "tf_keras": ("CR102", "BN101")}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    with bench.run("fit"):
        fitted = conv_net(keras, name="network", momentum=0.9)
        fitted.compile(keras.optimizers.Adam(1e-2), class_loss(keras))
        fitted.fit(data.x, data.y, epochs=2, batch_size=48, verbose=0, callbacks=bench.callbacks())
    with bench.run("loop"):
        model = conv_net(keras, name="network", momentum=0.9)
        optimizer, loss_of = keras.optimizers.Adam(1e-2), class_loss(keras)
        bench.watch(model)

        @tf.function
        def train_step(x: Any, y: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x))  # the fault: BN101
            descend(optimizer, tape, loss, model.trainable_variables)
            return loss

        learns = changes(lambda: trained(model))
        bench.evidence(lambda: learns() and at_start(model))
        for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
            train_step(x, y)
            bench.record(model, step)
    bench.faulty(learns() and at_start(model), "the loop leaves the statistics at 0 and 1")
    bench.faulty(not at_start(fitted), "fit moves them")
    bench.final([fitted, model])
