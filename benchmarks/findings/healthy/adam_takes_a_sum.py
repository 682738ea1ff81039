"""A summed loss with Adam, which divides the scale of gradients out again."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.findings.bench import Bench
from benchmarks.findings.data import digits
from benchmarks.findings.loops import fit
from benchmarks.findings.nets import dense_net

REPORT = "https://github.com/threestudio-project/threestudio/issues/290"


def run(keras: Any, bench: Bench) -> None:
    data = digits().flat()

    def train(reduction: str, callbacks: list[Any]) -> tuple[Any, dict[str, list[float]]]:
        keras.utils.set_random_seed(bench.seed)
        model = dense_net(keras, momentum=0.9)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
        metric = keras.metrics.SparseCategoricalAccuracy(name="right")
        model.compile(keras.optimizers.Adam(3e-3), loss, metrics=[metric])
        history = fit(model, data.train, data.held, callbacks, batch_size=40, epochs=6)
        return model, history

    averaged, _ = train("sum_over_batch_size", [])
    model, history = train("sum", bench.callbacks(probe_data=(data.x_val[:80], data.y_val[:80])))
    outputs = [each.predict(data.x_val, verbose=0) for each in (averaged, model)]
    same = float(np.mean(outputs[0].argmax(1) == outputs[1].argmax(1)))
    bench.healthy(same > 0.97, f"with the mean {same:.3f} of the answers are the same")
    bench.accurate(history["val_right"][-1])
    bench.final(model)
