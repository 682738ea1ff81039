"""A learning rate that rises from 0: the first step moves no weight, but the statistics."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net
from benchmarks.findings.variables import at_start, changes, trained

REPORT = "https://github.com/google-research/bert/issues/1293"
PEAK, WARM, ALL = 0.02, 40.0, 280.0


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            step = tf.cast(step, tf.float32)
            return PEAK * tf.minimum(step / WARM, tf.maximum(0.0, (ALL - step) / (ALL - WARM)))

        def get_config(self) -> dict[str, Any]:
            return {}

    model = dense_net(keras, use_bias=False, activation="softmax", momentum=0.9)
    metric = keras.metrics.SparseCategoricalAccuracy(name="right")
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.Adam(WarmUp()), loss, metrics=[metric])
    learned = changes(lambda: trained(model))
    first: list[tuple[bool, bool]] = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if not first:
                first.append((learned(), at_start(model)))

    history = fit(
        model, data.train, data.held, [Keep(), *bench.callbacks()], batch_size=36, epochs=7
    )
    bench.healthy(first[0] == (False, False), "the first step moves statistics and no weight")
    bench.healthy(learned(), "the later ones move the weights")
    bench.accurate(history["val_right"][-1])
    bench.final(model)
