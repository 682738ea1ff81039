"""A warm-up divides whole numbers: the learning rate is 0 in each of its epochs."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import class_loss, conv_net
from benchmarks.findings.variables import changes, statistics, trained

REPORT = "https://github.com/verl-project/verl/issues/3674"
EXPECTED = {"keras": ("BN112",), "tf_keras": ("BN112",)}
WARM_UP = 5  # epochs


def run(keras: Any, bench: Bench) -> None:
    data = digits()
    model = conv_net(keras, momentum=0.9)
    model.compile(keras.optimizers.Adam(1e-2), class_loss(keras), metrics=["accuracy"])
    weights, moving = changes(lambda: trained(model)), changes(lambda: statistics(model))
    epochs = {"ended": 0}

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            epochs["ended"] += 1

    bench.evidence(lambda: epochs["ended"] > 1 and not weights())
    schedule = keras.callbacks.LearningRateScheduler(
        lambda epoch: 0.01 * ((epoch + 1) // (WARM_UP + 1))  # the fault: BN112
    )
    callbacks = [schedule, Count(), *bench.callbacks()]
    history = fit(model, data.train, data.held, callbacks, batch_size=64, epochs=4)
    accuracy = history["val_accuracy"][-1]
    bench.faulty(not weights(), "no trainable weight has changed in four epochs")
    bench.faulty(moving(), "the moving statistics have")
    bench.faulty(accuracy < 0.3, f"validation accuracy {accuracy:.2f}")
    bench.final(model)
