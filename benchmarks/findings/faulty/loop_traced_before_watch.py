"""A loop tries its `train_step` on one batch first, and is watched from then on."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss, dense_net
from benchmarks.findings.variables import changes, trained

REPORT = "https://github.com/tensorflow/tensorflow/issues/26409"
EXPECTED = {"keras": ("RC101",), "tf_keras": ("RC101",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    model = dense_net(keras, momentum=0.9)
    train_step = training_step(model, keras.optimizers.Adam(3e-3), class_loss(keras))

    def tensors(size: int, steps: int) -> Any:
        for x, y in batches(data.x, data.y, size=size, steps=steps):
            yield tf.constant(x), tf.constant(y)

    for x, y in tensors(32, 1):
        train_step(x, y)
    traced = train_step.experimental_get_tracing_count()
    watch = bench.watch(model)
    learns = changes(lambda: trained(model))
    bench.evidence(lambda: learns() and train_step.experimental_get_tracing_count() == traced)
    for step, (x, y) in enumerate(tensors(32, 90), start=1):
        train_step(x, y)
        bench.record(model, step)
    watch.close()
    since = train_step.experimental_get_tracing_count() - traced
    bench.faulty(traced > 0 == since, "the step was traced before the watch, and never again")
    bench.faulty(learns(), "and trains all the same")
    bench.final(model)
