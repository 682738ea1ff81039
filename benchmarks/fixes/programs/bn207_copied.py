"""A target network gets the trainable weights of the one that learns, and not its statistics."""

from __future__ import annotations

from typing import Any

import tb_bnplugin

from benchmarks.findings.data import accuracy, batches
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss
from benchmarks.fixes.bench import FixBench
from benchmarks.fixes.nets import raw_digits, raw_layers

RULE = "BN207"
NUMBER = "accuracy of the copy in validation"
HEALTHY = (0.85, 1.0)
CURES = ("all weights", "estimated")


def run(keras: Any, bench: FixBench, cure: str | None) -> float:
    data = raw_digits()
    model, target = (keras.Sequential(raw_layers(keras), name=name) for name in ("model", "target"))
    train_step = training_step(model, keras.optimizers.Adam(1e-2), class_loss(keras))
    bench.watch(target)
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=60), start=1):
        train_step(x, y)
        if step % 10 == 0:
            if cure == "all weights":
                target.set_weights(model.get_weights())
            else:
                pairs = zip(target.trainable_weights, model.trainable_weights, strict=True)
                for weight, value in pairs:
                    weight.assign(value)
            if cure == "estimated":
                tb_bnplugin.recalibrate(target, (data.x, data.y))
        target(x, training=False)
        bench.record(target, step)
    return accuracy(target(data.x_val, training=False), data.y_val)
