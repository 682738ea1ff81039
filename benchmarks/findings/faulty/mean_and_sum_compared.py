"""One run sums the loss over the batch and one averages it, at the same learning rate."""

from __future__ import annotations

from typing import Any

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/tensorflow/tensorflow/issues/31317"
EXPECTED = {"keras": ("CR101", "LR101"), "tf_keras": ("CR101", "LR101")}


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()
    models = {}
    first: dict[str, float] = {}

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            first.setdefault(self.model.name, logs["loss"])

    bench.evidence(lambda: len(first) == 2 and max(first.values()) > 20 * min(first.values()))
    for run_name, reduction in (("mean", "sum_over_batch_size"), ("sum", "sum")):
        keras.utils.set_random_seed(3)
        model = models[run_name] = dense_net(keras, momentum=0.9)
        # the fault: LR101
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
        model.compile(keras.optimizers.SGD(0.01), loss)
        with bench.run(run_name):
            callbacks = bench.callbacks(probe_data=(data.x_val[:32], data.y_val[:32]))
        model.fit(
            data.x,
            data.y,
            batch_size=32,
            verbose=0,
            shuffle=False,
            callbacks=[Keep(), *callbacks],
        )
    factor = max(first.values()) / min(first.values())
    bench.faulty(31.9 < factor < 32.1, f"the first losses' factor is {factor:.2f}")
    bench.final(list(models.values()))
