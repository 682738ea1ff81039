"""A loop freezes its batch normalization layers after the step was traced, without effect."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import batches, digits
from benchmarks.findings.loops import training_step
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import changes, norms, statistics

REPORT = "https://github.com/keras-team/keras/issues/4674"
EXPECTED = {"keras": ("BN105",), "tf_keras": ("BN105",)}


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    optimizer = keras.optimizers.SGD(0.05)
    loss_of = class_loss(keras)
    bench.watch(model)

    train_step = training_step(model, optimizer, loss_of)

    frozen: list[Any] = []
    bench.evidence(lambda: frozen and frozen[0]())
    for step, (x, y) in enumerate(batches(data.x, data.y, size=48, steps=80), start=1):
        if step == 41:
            for norm in norms(model):
                norm.trainable = False  # the fault: BN105
            frozen.append(changes(lambda: statistics(model)))
        train_step(x, y)
        bench.record(model, step)
    bench.faulty(frozen[0](), "the statistics of the frozen layers move")
    bench.faulty(not any(norm.trainable for norm in norms(model)), "though they are frozen")
    bench.final(model)
